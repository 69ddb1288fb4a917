{{ config(materialized="ephemeral") }}

with
    fact_sums as (
        select
            provider,
            billing_period,
            x_details_id,
            count(*) as row_count,
            sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost,
        from {{ ref("focus_charges") }}
        where {{ is_in_scope() }}
        group by provider, billing_period, x_details_id
    ),

    details as (
        select provider, billing_period, x_details_id, billing_currency,
        from {{ ref("focus_charge_details") }}
        where {{ is_in_scope() }}
    )

select
    'source' as stage,
    provider,
    billing_period,
    billing_currency,
    sum(row_count) as row_count,
    sum(billed_cost) as billed_cost,
    cast(null as {{ var("money_type") }}) as effective_cost,
from {{ ref("stg_ops_control_totals") }}
group by provider, billing_period, billing_currency
union all
select
    'landing' as stage,
    provider,
    billing_period,
    billing_currency,
    sum(row_count) as row_count,
    sum(billed_cost) as billed_cost,
    cast(null as {{ var("money_type") }}) as effective_cost,
from {{ ref("int_landed_totals__unioned") }}
group by provider, billing_period, billing_currency
union all
select
    'focus' as stage,
    fact_sums.provider,
    fact_sums.billing_period,
    details.billing_currency,
    sum(fact_sums.row_count) as row_count,
    sum(fact_sums.billed_cost) as billed_cost,
    sum(fact_sums.effective_cost) as effective_cost,
from fact_sums
inner join
    details
    on details.provider = fact_sums.provider
    and details.billing_period = fact_sums.billing_period
    and details.x_details_id = fact_sums.x_details_id
group by fact_sums.provider, fact_sums.billing_period, details.billing_currency
