select
    billing_period,
    provider,
    billing_currency,
    ai_model,
    case
        when lower(environment) in ('prod', 'production', 'live')
        then 'production'
        when
            lower(environment)
            in ('staging', 'stage', 'stg', 'preprod', 'pre-production')
        then 'staging'
        else 'other'
    end as environment,
    sum(effective_cost) as effective_cost,
from {{ ref("stg_published_daily_costs") }}
where {{ is_in_scope() }}
group by all
