{{ config(relation_type="view") }}

select
    substr(cast(bucket_start as varchar), 1, 7) as billing_period,
    provider,
    endpoint_id,
    bucket_start as hour_start,
    cast(sum(requests) as bigint) as requests,
    cast(sum(successes) as bigint) as successes,
    cast(max(minutes_covered) as integer) as minutes_covered,
from {{ ref("stg_telemetry_inference_counts") }}
where {{ begins_in_scope("bucket_start") }}
group by all
