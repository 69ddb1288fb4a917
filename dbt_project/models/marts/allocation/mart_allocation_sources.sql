{% set rules = allocation_rules() %}
{% set asked = columns_asked_for(rules) %}

with
    -- The one scan of the daily costs. The first pool that matches a row selects it.
    selected as (
        select
            billing_period,
            provider,
            billing_currency,
            cost_center,
            service_category,
            service_name,
            {%- for column in asked %} {{ adapter.quote(column) }}, {%- endfor %}
            case
                {%- for pool in rules.pools %}
                    when {{ is_of_rule(pool) }} then {{ loop.index }}
                {%- endfor %}
                when false
                then 0
            end as pool_number,
            sum(charge_count) as charge_count,
            sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost,
        from {{ ref("fct_daily_costs") }}
        where {{ is_in_scope() }}
        group by all
    )

select
    billing_period,
    provider,
    billing_currency,
    cost_center,
    service_category,
    service_name,
    {%- for column in allocation_columns() %}
        {{ adapter.quote(column) if column in asked else "cast(null as varchar)" }}
        as {{ adapter.quote(column) }},
    {%- endfor %}
    case
        {%- for pool in rules.pools %}
            when pool_number = {{ loop.index }} then {{ text_literal(pool.id) }}
        {%- endfor %}
        when pool_number is null
        then '(none)'
    end as rule_id,
    case
        {%- for pool in rules.pools %}
            when pool_number = {{ loop.index }} then {{ pool.version }}
        {%- endfor %}
        when pool_number is null
        then 0
    end as rule_version,
    cast(charge_count as bigint) as charge_count,
    billed_cost,
    effective_cost,
from selected
