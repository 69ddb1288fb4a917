{{ config(materialized="ephemeral") }}

{% for format in formats_in_scope() %}
    select provider, source, billing_period, billing_currency, row_count, billed_cost,
    from {{ ref("int_" ~ format ~ "__landed_totals") }}
    {% if not loop.last %}
        union all
    {% endif %}
{% endfor %}
