{{ config(relation_type="view") }}

with
    scores as (
        select *,
        from {{ ref("stg_published_forecast_scores") }}
        where
            {{ is_month_in_scope() }}
            and model = 'ours'
            and level = 'total'
            and cost_center = '(all)'
        qualify
            run_date
            = max(run_date) over (partition by billing_period, billing_currency)
    ),

    actions as (
        select billing_period, hours_to_resolve,
        from {{ ref("stg_published_actions") }}
        where
            {{ is_month_in_scope() }}
            and rollback_of = ''
            and status
            in ('applied', 'rolled_back', 'failed', 'backed_out', 'abandoned')
    )

select
    billing_period,
    billing_currency,
    'forecast_error' as kpi,
    cast(month_error as {{ var("money_type") }}) as numerator,
    cast(1 as {{ var("money_type") }}) as denominator,
from scores
where month_error is not null
union all
select
    billing_period,
    billing_currency,
    'forecast_coverage' as kpi,
    cast(covered_95 as {{ var("money_type") }}) as numerator,
    cast(point_count as {{ var("money_type") }}) as denominator,
from scores
where covered_95 is not null
union all
select
    billing_period,
    '(none)' as billing_currency,
    'anomaly_detection_hours' as kpi,
    cast(sum(detection_hours) as {{ var("money_type") }}) as numerator,
    cast(count(*) as {{ var("money_type") }}) as denominator,
from {{ ref("stg_published_incidents") }}
where {{ is_month_in_scope() }}
group by billing_period
union all
select
    billing_period,
    '(none)' as billing_currency,
    'action_success_rate' as kpi,
    cast(count(hours_to_resolve) as {{ var("money_type") }}) as numerator,
    cast(count(*) as {{ var("money_type") }}) as denominator,
from actions
group by billing_period
union all
select
    billing_period,
    '(none)' as billing_currency,
    'action_hours_to_resolve' as kpi,
    cast(median(hours_to_resolve) as {{ var("money_type") }}) as numerator,
    cast(1 as {{ var("money_type") }}) as denominator,
from actions
where hours_to_resolve is not null
group by billing_period
