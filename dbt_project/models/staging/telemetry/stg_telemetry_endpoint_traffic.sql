-- Two sources may say something of the same thing; the first by its name counts.
select * exclude (kind, day),
from {{ source("telemetry", "endpoint_traffic") }}
qualify
    row_number() over (
        partition by provider, endpoint_id, traffic_source, bucket_start
        order by source, day desc
    )
    = 1
