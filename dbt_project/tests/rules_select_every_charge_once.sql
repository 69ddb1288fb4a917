-- Every charge of the bills is in one row of mart_allocation_sources, found by the
-- columns that rules ask for: what each rule selects, and what none selects, sum to the
-- daily costs.
{% set measures = ["charge_count", "billed_cost", "effective_cost"] %}
{% set bill = ["billing_period", "provider", "billing_currency"] %}
{% set always = bill + ["cost_center", "service_category", "service_name"] %}

with
    daily as (select * from {{ ref("fct_daily_costs") }} where {{ is_in_scope() }}),

    sources as (
        select * from {{ ref("mart_allocation_sources") }} where {{ is_in_scope() }}
    ),

    found as (
        select
            {% for column in bill %} daily.{{ column }}, {% endfor %}
            sources.rule_id,
            sources.rule_version,
            {% for measure in measures -%}
                sum(daily.{{ measure }}) as {{ measure }},
            {% endfor %}
        from daily
        left join
            sources
            on {% for column in always -%}
                {{ "and " if not loop.first }} sources.{{ column }} = daily.{{ column }}
            {% endfor %}
            {%- for column in columns_asked_for(allocation_rules()) %}
                and sources.{{ column }} = daily.{{ column }}
            {%- endfor %}
        group by all
    ),

    totals as (
        {% for relation, rule, version in [
            ("found", "rule_id", "rule_version"),
            ("sources", "rule_id", "rule_version"),
            ("found", "'all of them'", "0"),
            ("daily", "'all of them'", "0"),
        ] %}
            select
                {{ bill | join(", ") }},
                {{ rule }} as rule_id,
                {{ version }} as rule_version,
                {% for measure in measures -%}
                    sum({{ measure }}) as {{ measure }},
                {% endfor %}
            from {{ relation }}
            group by all {{ "union all" if not loop.last }}
        {% endfor %}
    )

select
    {{ bill | join(", ") }},
    rule_id,
    rule_version,
    {% for measure in measures -%}
        max({{ measure }}) - min({{ measure }}) as {{ measure }}_difference,
    {% endfor %}
from totals
group by {{ bill | join(", ") }}, rule_id, rule_version
having
    count(*) <> 2
    {% for measure in measures -%}
        or min({{ measure }}) <> max({{ measure }})
    {% endfor %}
