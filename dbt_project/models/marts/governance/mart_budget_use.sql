{{ config(materialized="view") }}

with
    spent as (
        select
            billing_period, billing_currency, cost_center, sum(effective_cost) as cost,
        from {{ ref("mart_allocated_costs") }}
        group by billing_period, billing_currency, cost_center
    )

select
    budgets.billing_period,
    budgets.billing_currency,
    budgets.cost_center,
    budgets.budget,
    cast(coalesce(spent.cost, 0) as {{ var("money_type") }}) as effective_cost,
    cast(
        budgets.budget - coalesce(spent.cost, 0) as {{ var("money_type") }}
    ) as budget_left,
    {{ quotient("coalesce(spent.cost, 0)", "budgets.budget") }} as used_share,
from {{ ref("budgets") }} as budgets
inner join
    (select distinct billing_period from {{ ref("mart_allocated_costs") }}) as published
    on published.billing_period = budgets.billing_period
left join
    spent
    on spent.billing_period = budgets.billing_period
    and spent.billing_currency = budgets.billing_currency
    and spent.cost_center = budgets.cost_center
