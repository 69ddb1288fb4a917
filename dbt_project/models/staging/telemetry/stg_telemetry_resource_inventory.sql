-- Two sources may say something of the same thing; the first by its name counts.
select * exclude (kind, day),
from {{ source("telemetry", "resource_inventory") }}
qualify
    row_number() over (
        partition by provider, resource_id, cast(observed_at as date)
        order by source, day desc
    )
    = 1
