{{ config(materialized="ephemeral") }}

-- Of the clouds that delivered: planning the others' SELECTs costs more than running
-- these.
{% set clouds = [] %}
{% for format in formats_in_scope() %}
    {% do clouds.append(format.split("_")[0]) %}
{% endfor %}

{% for cloud in clouds | unique | list %}
    select provider, source, billing_period, billing_currency, row_count, billed_cost,
    from {{ ref("int_" ~ cloud ~ "__landed_totals") }}
    {% if not loop.last %}
        union all
    {% endif %}
{% endfor %}
