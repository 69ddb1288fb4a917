{{ config(materialized="view") }}

with
    costs as (
        select
            billing_period, billing_currency, cost_center, sum(effective_cost) as cost,
        from {{ ref("mart_allocated_costs") }}
        group by billing_period, billing_currency, cost_center
    ),

    company as (
        select billing_period, billing_currency, sum(cost) as cost,
        from costs
        group by billing_period, billing_currency
    ),

    quantities as (
        select billing_period, cost_center, driver, unit, sum(quantity) as quantity,
        from {{ ref("allocation_drivers") }}
        group by billing_period, cost_center, driver, unit
        having sum(quantity) > 0
    ),

    measured as (
        select
            quantities.billing_period,
            company.billing_currency,
            'cost_center' as cost_scope,
            quantities.cost_center,
            driver,
            unit,
            quantity,
            coalesce(costs.cost, 0) as cost,
        from quantities
        inner join company on company.billing_period = quantities.billing_period
        left join
            costs
            on costs.billing_period = company.billing_period
            and costs.billing_currency = company.billing_currency
            and costs.cost_center = quantities.cost_center
        union all
        select
            company.billing_period,
            company.billing_currency,
            'company' as cost_scope,
            cast(null as varchar) as cost_center,
            driver,
            unit,
            sum(quantity) as quantity,
            max(company.cost) as cost,
        from quantities
        inner join company on company.billing_period = quantities.billing_period
        group by company.billing_period, company.billing_currency, driver, unit
    )

select
    billing_period,
    billing_currency,
    cost_scope,
    cost_center,
    driver,
    unit,
    cast(quantity as {{ var("money_type") }}) as quantity,
    cast(cost as {{ var("money_type") }}) as effective_cost,
    {{ quotient("cost", "quantity") }} as unit_cost,
from measured
