select
    run_id,
    min(provider) as provider,
    max(model) as model,
    max(model_version) as model_version,
    max(epochs) as epochs,
    min(case when epochs is not null then started_at end) as epochs_from,
    case
        when count(ended_at) = count(*)
        then max(case when epochs is not null then ended_at end)
    end as epochs_until,
from {{ ref("stg_telemetry_training_runs") }}
group by run_id
