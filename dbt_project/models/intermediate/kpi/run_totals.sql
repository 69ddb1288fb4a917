select
    run_id,
    max(model) as model,
    max(model_version) as model_version,
    min(started_at) as started_at,
    case when count(ended_at) = count(*) then max(ended_at) end as ended_at,
    max(epochs) as epochs,
from {{ ref("stg_telemetry_training_runs") }}
group by run_id
