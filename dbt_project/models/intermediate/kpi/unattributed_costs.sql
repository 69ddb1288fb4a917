{%- set measures = ["billed_cost", "effective_cost", "list_cost"] -%}

with
    billed as (
        select
            billing_period,
            provider,
            billing_currency,
            ai_model,
            {% for measure in measures %}
                sum({{ measure }}) as {{ measure }},
            {% endfor %}
        from {{ ref("stg_published_daily_costs") }}
        where {{ is_in_scope() }}
        group by all
    ),

    attributed as (
        select
            billing_period,
            provider,
            billing_currency,
            tagged_model as ai_model,
            {% for measure in measures %}
                sum({{ measure }}) as {{ measure }},
            {% endfor %}
        from {{ ref("usage_costs") }}
        group by all
    )

select
    billed.billing_period,
    billed.provider,
    billed.billing_currency,
    billed.ai_model,
    {% for measure in measures %}
        cast(
            billed.{{ measure }}
            - coalesce(attributed.{{ measure }}, 0) as {{ var("money_type") }}
        ) as {{ measure }},
    {% endfor %}
from billed
left join
    attributed
    on attributed.billing_period = billed.billing_period
    and attributed.provider = billed.provider
    and attributed.billing_currency = billed.billing_currency
    and attributed.ai_model = billed.ai_model
