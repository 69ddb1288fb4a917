-- Two sources may say something of the same thing; the first by its name counts.
select * exclude (kind, day),
from {{ source("telemetry", "inference_counts") }}
qualify
    row_number() over (
        partition by provider, endpoint_id, model, model_version, stage, bucket_start
        order by source, day desc
    )
    = 1
