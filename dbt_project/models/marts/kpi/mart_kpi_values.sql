{#- One entry per KPI: the mart it is taken from, what its rows are about, and the two sums that it is the quotient of. -#}
{#- Without `day` it is known by month; without `denominator` it is a total; `target` is a column of kpis.yml. -#}
{%- set kpis = [
    {
        "kpi": "cost_per_thousand_inferences",
        "name": "Cost per 1,000 predictions",
        "unit": "amount per 1,000 predictions",
        "better": "lower",
        "mart": ref("mart_inference_costs"),
        "subject": "ai_model",
        "day": "charge_date",
        "numerator": "allocated_cost",
        "denominator": "successes * 0.001",
        "where": "billing_currency <> '(none)'",
    },
    {
        "kpi": "serving_idle_share",
        "name": "Paid for serving without requests",
        "unit": "percent",
        "better": "lower",
        "mart": ref("mart_inference_costs"),
        "subject": "ai_model",
        "day": "charge_date",
        "numerator": "idle_cost",
        "denominator": "allocated_cost",
        "where": "billing_currency <> '(none)'",
    },
    {
        "kpi": "price_per_million_tokens",
        "name": "Price per million tokens",
        "unit": "amount per million tokens",
        "better": "lower",
        "mart": ref("mart_token_costs"),
        "subject": "managed_model",
        "day": "charge_date",
        "numerator": "effective_cost",
        "denominator": "tokens * 0.000001",
        "where": "tokens > 0",
    },
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
    {
        "kpi": "transfer_cost_per_gb_epoch",
        "name": "Data transfer per GB and epoch",
        "unit": "amount per GB and epoch",
        "better": "lower",
        "mart": ref("mart_epoch_transfer_costs"),
        "subject": "model",
        "numerator": "billed_cost",
        "denominator": "gigabytes * epochs",
        "target": "transfer_cost_per_gb_epoch",
        "where": "attribution = 'run' and gigabytes > 0 and epochs > 0",
    },
    {
        "kpi": "spot_interruption_rate",
        "name": "Spot instances interrupted",
        "unit": "percent",
        "better": "lower",
        "mart": ref("mart_spot_interruptions"),
        "subject": "instance_type",
        "numerator": "interrupted_instances",
        "denominator": "spot_instances",
        "target": "spot_interruption_rate",
    },
    {
        "kpi": "spot_saving",
        "name": "Saved by spot",
        "unit": "percent",
        "better": "higher",
        "mart": ref("mart_spot_jobs"),
        "subject": "model",
        "numerator": "discount",
        "denominator": "on_demand_cost",
        "where": "discount is not null",
    },
    {
        "kpi": "spot_net_benefit",
        "name": "Net benefit of spot",
        "unit": "amount",
        "better": "higher",
        "mart": ref("mart_spot_jobs"),
        "subject": "model",
        "numerator": "net_benefit",
        "where": "net_benefit is not null",
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
