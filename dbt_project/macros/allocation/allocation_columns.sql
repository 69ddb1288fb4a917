{#-
    The columns of `fct_daily_costs` that a selection of allocation.yml may name, beside those that every row of
    `mart_allocation_sources` has: provider, billing_currency, cost_center, service_category and service_name.
-#}
{% macro allocation_columns() %}
    {{
        return(
            [
                "provider_name",
                "billing_account_id",
                "sub_account_id",
                "sub_account_name",
                "region_id",
                "charge_category",
                "charge_class",
                "pricing_category",
                "commitment_discount_status",
                "ai_project",
                "ai_model",
                "ai_stage",
                "environment",
            ]
        )
    }}
{% endmacro %}

{#- Those of `allocation_columns` that a pool, or a selection that a pool is split by, asks for. -#}
{% macro columns_asked_for(rules) %}
    {%- set asked = [] -%}
    {%- for rule in rules.pools + rules.bases -%}
        {%- for condition in rule.selection -%}
            {%- if condition.column in allocation_columns() and condition.column not in asked -%}
                {%- do asked.append(condition.column) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(asked) }}
{% endmacro %}
