-- Two sources may say something of the same thing; the first by its name counts.
select * exclude (kind, day),
from {{ source("telemetry", "spot_interruptions") }}
qualify
    row_number() over (
        partition by provider, resource_id, interrupted_at order by source, day desc
    )
    = 1
