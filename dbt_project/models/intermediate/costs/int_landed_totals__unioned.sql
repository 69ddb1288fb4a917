{{ config(materialized="ephemeral") }}

{% set models = [] %}
{% for format in formats_in_scope() %}
    {% set of = "aws" if format.startswith("aws_") else format %}
    {% do models.append("int_" ~ of ~ "__landed_totals") %}
{% endfor %}

{% for model in models | unique | list %}
    select provider, source, billing_period, billing_currency, row_count, billed_cost,
    from {{ ref(model) }}
    {% if not loop.last %}
        union all
    {% endif %}
{% endfor %}
