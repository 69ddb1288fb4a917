-- Two sources may say something of the same thing; the first by its name counts.
select * exclude (kind, day),
from {{ source("telemetry", "network_flows") }}
qualify
    row_number() over (
        partition by provider, resource_id, source_zone, destination_zone, bucket_start
        order by source, day desc
    )
    = 1
