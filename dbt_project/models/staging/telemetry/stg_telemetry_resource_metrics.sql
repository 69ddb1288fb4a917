-- Two sources may say something of the same thing; the first by its name counts.
select * exclude (kind, day),
from {{ source("telemetry", "resource_metrics") }}
qualify
    row_number() over (
        partition by provider, resource_id, metric, bucket_start
        order by source, day desc
    )
    = 1
