{% set columns %}
    billing_period, provider, billing_currency, cost_center, provider_name, service_category, service_name,
    ai_project, ai_model, ai_stage, charge_category, has_required_tags, effective_cost, billed_cost
{% endset %}

select {{ columns }}
from {{ ref("mart_chargeback") }}
where
    {{ is_in_scope() }}
    {%- for row in periods_in_scope() if row["is_closed"] %}
        and not (
            provider = '{{ row["provider"] }}'
            and billing_period = '{{ row["billing_period"] }}'
        )
    {%- endfor %}
union all
select {{ columns }}
from {{ ref("closed_charges") }}
