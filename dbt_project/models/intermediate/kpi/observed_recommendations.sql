{{ config(relation_type="view") }}

with
    observed as (
        select
            *,
            substr(cast(cast(observed_at as date) as varchar), 1, 7) as billing_period,
        from {{ ref("stg_telemetry_recommendations") }}
        where {{ begins_in_scope("observed_at") }}
    )

select
    *,
    cast(
        min(observed_at) over (
            partition by billing_period, provider, recommendation_id
        ) as date
    ) as first_observed_on,
from observed
qualify
    row_number() over (
        partition by billing_period, provider, recommendation_id
        order by observed_at desc
    )
    = 1
