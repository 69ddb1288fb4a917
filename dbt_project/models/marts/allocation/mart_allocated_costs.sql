{% set rules = allocation_rules() %}

with
    selected as (
        select * from {{ ref("mart_allocation_sources") }} where {{ is_in_scope() }}
    ),

    drivers as (select * from {{ ref("allocation_drivers") }}),

    centers as materialized(
        select
            billing_period,
            provider,
            billing_currency,
            cost_center,
            sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost,
            -- A cost centre keeps what a later step-down will allocate, until then.
            sum(effective_cost) filter (
                where
                    rule_id = '(none)'
                    {%- for pool in rules.pools if pool.steps_down %}
                        or {{ is_selected_by(pool) }}
                    {%- endfor %}
            ) as own_cost,
            {%- for basis in rules.bases %}
                sum(effective_cost) filter (
                    where {{ is_of_rule(basis) }}
                ) as basis_{{ loop.index }},
            {%- endfor %}
        from selected
        group by billing_period, provider, billing_currency, cost_center
    ),

    -- Price lists: a charge for each cost centre with a quantity, and what the charges
    -- come to as a credit of the cost centre that provides the service. A list is
    -- charged among the bills of its provider and currency; it moves nothing in a
    -- month without such a bill.
    {%- for price in rules.prices %}
        charged_{{ loop.index }} as materialized(
            select
                bills.billing_period,
                bills.provider,
                bills.billing_currency,
                drivers.cost_center,
                sum(drivers.quantity) as weight,
                cast(
                    cast(sum(drivers.quantity) as {{ var("money_type") }}) * cast(
                        {{ text_literal(price.rate) }} as decimal(21, 12)
                    ) as {{ var("money_type") }}
                ) as amount,
            from
                (
                    select distinct billing_period, provider, billing_currency
                    from centers
                    where {{ is_of_rule(price) }}
                ) as bills
            inner join
                drivers
                on drivers.billing_period = bills.billing_period
                and coalesce(drivers.provider, bills.provider) = bills.provider
                and drivers.driver = {{ text_literal(price.driver) }}
                and drivers.cost_center <> {{ text_literal(price.cost_center) }}
            group by
                bills.billing_period,
                bills.provider,
                bills.billing_currency,
                drivers.cost_center
            having sum(drivers.quantity) <> 0
        ),
    {%- endfor %}

    entries_0 as materialized(
        {%- for price in rules.prices %}
            select
                {{
                    allocation_entry(
                        "price",
                        price,
                        "amount",
                        "amount",
                        weight="weight",
                        counterpart=text_literal(price.cost_center),
                    )
                }}
            from charged_{{ loop.index }}
            union all
            select
                {{
                    allocation_entry(
                        "offset",
                        price,
                        "-sum(amount)",
                        "-sum(amount)",
                        cost_center=text_literal(price.cost_center),
                        counterpart=one_or_several("cost_center"),
                    )
                }}
            from charged_{{ loop.index }}
            group by billing_period, provider, billing_currency
            union all
        {%- endfor %}
        select {{ allocation_entry("direct", none, "0", "0") }}
        from centers
        where false
    ),

    {%- for pool in rules.pools %} {{ allocation_pool(pool, loop.index) }} {%- endfor %}

    direct as (
        select
            {{
                allocation_entry(
                    "direct",
                    billed_cost="sum(billed_cost)",
                    effective_cost="sum(effective_cost)",
                    service_category="service_category",
                    service_name="service_name",
                )
            }}
        from selected
        group by
            billing_period,
            provider,
            billing_currency,
            cost_center,
            service_category,
            service_name
    )

select *
from direct
{%- for number in range(rules.pools | length + 1) %}
    union all
    select *
    from entries_{{ number }}
{%- endfor %}
