{{ config(materialized="view") }}

with
    given as (
        select billing_period, billing_currency, rate from {{ ref("reporting_rates") }}
    ),

    -- Where no rate is given: the one that the provider's bill names, if it names a
    -- single one.
    of_bills as (
        select
            bills.billing_period,
            bills.pricing_currency as billing_currency,
            max(bills.rate) as rate,
        from {{ ref("mart_exchange_rates") }} as bills
        inner join
            {{ ref("reporting_currency") }} as reporting
            on reporting.rate_provider = bills.provider
            and reporting.reporting_currency = bills.billing_currency
        left join
            given
            on given.billing_period = bills.billing_period
            and given.billing_currency = bills.pricing_currency
        where given.rate is null
        group by bills.billing_period, bills.pricing_currency
        having count(distinct bills.rate) = 1
    ),

    rates as (
        select *
        from given
        union all
        select *
        from of_bills
    ),

    amounts as (
        select
            billing_period,
            billing_currency,
            cost_center,
            'budget' as kind,
            budget as amount,
        from {{ ref("budgets") }}
        union all
        select
            billing_period,
            billing_currency,
            cost_center,
            'spent' as kind,
            sum(effective_cost) as amount,
        from {{ ref("mart_allocated_costs") }}
        group by billing_period, billing_currency, cost_center
    ),

    converted as (
        select
            amounts.billing_period,
            coalesce(
                reporting.reporting_currency, amounts.billing_currency
            ) as billing_currency,
            amounts.cost_center,
            amounts.kind,
            case
                when
                    coalesce(reporting.reporting_currency, amounts.billing_currency)
                    = amounts.billing_currency
                then cast(amounts.amount as {{ var("money_type") }})
                else cast(amounts.amount * rates.rate as {{ var("money_type") }})
            end as amount,
        from amounts
        left join {{ ref("reporting_currency") }} as reporting on true
        left join
            rates
            on rates.billing_period = amounts.billing_period
            and rates.billing_currency = amounts.billing_currency
    ),

    -- A month that lacks a rate has no sum: its statements are refused, too.
    summed as (
        select
            billing_period, billing_currency, cost_center, kind, sum(amount) as amount,
        from converted
        group by billing_period, billing_currency, cost_center, kind
        having count(amount) = count(*)
    ),

    without_rate as (
        select distinct billing_period, cost_center from converted where amount is null
    )

select
    budgets.billing_period,
    budgets.billing_currency,
    budgets.cost_center,
    cast(budgets.amount as {{ var("money_type") }}) as budget,
    cast(coalesce(spent.amount, 0) as {{ var("money_type") }}) as effective_cost,
    cast(
        budgets.amount - coalesce(spent.amount, 0) as {{ var("money_type") }}
    ) as budget_left,
    {{ quotient("coalesce(spent.amount, 0)", "budgets.amount") }} as used_share,
from summed as budgets
inner join
    (select distinct billing_period from {{ ref("mart_allocated_costs") }}) as published
    on published.billing_period = budgets.billing_period
left join
    summed as spent
    on spent.kind = 'spent'
    and spent.billing_period = budgets.billing_period
    and spent.billing_currency = budgets.billing_currency
    and spent.cost_center = budgets.cost_center
left join
    without_rate
    on without_rate.billing_period = budgets.billing_period
    and without_rate.cost_center = budgets.cost_center
where budgets.kind = 'budget' and without_rate.cost_center is null
