{% set rules = allocation_rules() %}

with
    daily as (select * from {{ ref("fct_daily_costs") }} where {{ is_in_scope() }}),

    drivers as (select * from {{ ref("allocation_drivers") }}),

    -- The one look at the daily costs. Rows that several pools match are the first
    -- one's.
    taken as materialized(
        select
            billing_period,
            provider,
            billing_currency,
            cost_center,
            service_category,
            service_name,
            case
                {%- for pool in rules.pools %}
                    when {{ is_of_rule(pool) }} then {{ loop.index }}
                {%- endfor %}
                when false
                then 0
            end as pool_number,
            sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost,
            {%- for basis in rules.bases %}
                sum(effective_cost) filter (
                    where {{ is_of_rule(basis) }}
                ) as basis_{{ loop.index }},
            {%- endfor %}
        from daily
        group by
            billing_period,
            provider,
            billing_currency,
            cost_center,
            service_category,
            service_name,
            pool_number
    ),

    centers as materialized(
        select
            billing_period,
            provider,
            billing_currency,
            cost_center,
            sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost,
            -- What a cost centre that is drained later has is its own until then.
            sum(effective_cost) filter (
                where
                    pool_number is null
                    {%- for pool in rules.pools if pool.drains %}
                        or pool_number = {{ rules.pools.index(pool) + 1 }}
                    {%- endfor %}
            ) as own_cost,
            {%- for basis in rules.bases %}
                sum(basis_{{ loop.index }}) as basis_{{ loop.index }},
            {%- endfor %}
        from taken
        group by billing_period, provider, billing_currency, cost_center
    ),

    {{ allocation_prices(rules.prices) }}

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
        from taken
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
