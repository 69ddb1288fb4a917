-- Two sources may say something of the same thing; the first by its name counts.
select * exclude (kind, day),
from {{ source("telemetry", "recommendations") }}
qualify
    row_number() over (
        partition by provider, recommendation_id, cast(observed_at as date)
        order by source, day desc
    )
    = 1
