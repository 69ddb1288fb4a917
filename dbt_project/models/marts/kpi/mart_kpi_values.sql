{#- One entry per KPI: the mart it is taken from, what its rows are about, and the two sums that it is the quotient of. -#}
{#- Without `day` it is known by month; without `denominator` it is a total; `target` is a column of kpis.yml. -#}
{%- set kpis = [
    {
        "kpi": "cost_per_gpu_hour",
        "name": "Cost per GPU hour",
        "unit": "amount per GPU hour",
        "better": "lower",
        "mart": ref("kpi_charges"),
        "subject": "cost_center",
        "day": "charge_date",
        "numerator": "effective_cost",
        "denominator": "metered_hours * gpus_metered",
        "where": "is_gpu and gpus_metered > 0",
    },
    {
        "kpi": "cost_per_training_run",
        "name": "Cost per training run",
        "unit": "amount per run",
        "better": "lower",
        "mart": ref("mart_training_run_costs"),
        "subject": "ai_model",
        "numerator": "effective_cost",
        "denominator": "count(distinct run_id)",
        "where": "billing_currency <> '(none)'",
    },
    {
        "kpi": "model_version_cost",
        "name": "Cost per model version",
        "unit": "amount per version",
        "better": "lower",
        "mart": ref("mart_model_version_costs"),
        "subject": "ai_model",
        "numerator": "effective_cost",
        "denominator": "count(distinct model_version)",
        "target": "model_version_cost",
        "where": "attribution = 'version' and billing_currency <> '(none)'",
    },
    {
        "kpi": "idle_share",
        "name": "Paid for while idle",
        "unit": "percent",
        "better": "lower",
        "mart": ref("mart_model_version_costs"),
        "subject": "ai_model",
        "numerator": "if(attribution = 'idle', effective_cost, 0)",
        "denominator": "effective_cost",
        "where": "attribution in ('idle', 'version') and billing_currency <> '(none)'",
    },
] -%}
{%- set monday = "cast(date_trunc('week', {}) as date)" -%}

with
    sums as (
        {% for each in kpis %}
            select
                billing_period,
                provider,
                billing_currency,
                '{{ each.kpi }}' as kpi,
                {{ dbt.string_literal(each.name) }} as kpi_name,
                '{{ each.unit }}' as unit,
                '{{ each.better }}' as better,
                coalesce({{ each.subject }}, '(none)') as subject,
                {% if each.day %}
                    'week' as grain, {{ monday.format(each.day) }} as week_start,
                {% else %}
                    'month' as grain,
                    {{ monday.format("cast(billing_period || '-01' as date)") }}
                    as week_start,
                {% endif %}
                sum({{ each.numerator }})
                {%- if each.unit == "percent" %} * 100 {% endif %} as numerator,
                {% if not each.denominator %} cast(null as {{ var("money_type") }})
                {% elif each.denominator.startswith("count(") %} {{ each.denominator }}
                {% else %} sum({{ each.denominator }})
                {% endif %} as denominator,
                {{ "max(targets." ~ each.target ~ ")" if each.target else "null" }}
                as target,
            from {{ each.mart }}
            cross join {{ ref("kpi_targets") }} as targets
            where {{ is_in_scope() }} and {{ each.where or "true" }}
            group by all
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
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
    cast(numerator as {{ var("money_type") }}) as numerator,
    cast(denominator as {{ var("money_type") }}) as denominator,
    cast(target as {{ var("money_type") }}) as target,
from sums
where numerator is not null
