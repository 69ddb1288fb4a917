-- Every charge of the bills is in one row of mart_allocation_sources, found by the
-- columns that rules ask for: what each rule selects, and what none selects, sum to the
-- daily costs.
{% set bill = ["billing_period", "provider", "billing_currency"] %}
{% set always = bill + ["cost_center", "service_category", "service_name"] %}

with
    daily as (select * from {{ ref("fct_daily_costs") }} where {{ is_in_scope() }}),

    sources as (
        select * from {{ ref("mart_allocation_sources") }} where {{ is_in_scope() }}
    ),

    found as (
        select
            daily.billing_period,
            daily.provider,
            daily.billing_currency,
            sources.rule_id,
            sources.rule_version,
            sum(daily.charge_count) as charge_count,
            sum(daily.billed_cost) as billed_cost,
            sum(daily.effective_cost) as effective_cost,
        from daily
        left join
            sources
            on {% for column in always -%}
                {{ "and " if not loop.first }} sources.{{ column }} = daily.{{ column }}
            {% endfor %}
            {%- for column in allocation_columns() %}
                and coalesce(sources.{{ column }}, daily.{{ column }})
                = daily.{{ column }}
            {%- endfor %}
        group by all
    ),

    selected as (
        select
            billing_period,
            provider,
            billing_currency,
            rule_id,
            rule_version,
            sum(charge_count) as charge_count,
            sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost,
        from sources
        group by all
    )

select found.*,
from found
left join
    selected
    on selected.billing_period = found.billing_period
    and selected.provider = found.provider
    and selected.billing_currency = found.billing_currency
    and selected.rule_id = found.rule_id
    and selected.rule_version = found.rule_version
where
    selected.charge_count is distinct from found.charge_count
    or selected.billed_cost is distinct from found.billed_cost
    or selected.effective_cost is distinct from found.effective_cost
