{%- set money_type = var("money_type") -%}
with
    gpu_hours as (
        select
            billing_period,
            provider,
            billing_currency,
            'cost_per_gpu_hour' as kpi,
            'Cost per GPU hour' as kpi_name,
            'amount per GPU hour' as unit,
            'lower' as better,
            cost_center as subject,
            'week' as grain,
            cast(date_trunc('week', charge_date) as date) as week_start,
            sum(effective_cost) as numerator,
            sum(consumed_quantity * gpus) as denominator,
            cast(null as {{ money_type }}) as target,
        from {{ ref("kpi_charges") }}
        where is_gpu and charge_category = 'Usage' and consumed_unit = 'Hours'
        group by all
    )

select
    billing_period,
    provider,
    billing_currency,
    kpi,
    kpi_name,
    unit,
    better,
    subject,
    grain,
    week_start,
    cast(numerator as {{ money_type }}) as numerator,
    cast(denominator as {{ money_type }}) as denominator,
    cast(target as {{ money_type }}) as target,
from gpu_hours
