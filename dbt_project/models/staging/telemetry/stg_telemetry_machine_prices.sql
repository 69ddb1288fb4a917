-- Two sources may say something of the same thing; the first by its name counts.
select * exclude (kind, day),
from {{ source("telemetry", "machine_prices") }}
qualify
    row_number() over (
        partition by provider, instance_type, region, cast(priced_at as date)
        order by source, day desc
    )
    = 1
