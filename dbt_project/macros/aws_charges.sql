{#-
    A CUR's FOCUS charges with what differs from line to line; `source_format` is that of the models
    `int_<format>__ruled` and `int_<format>__uncancelled_negations`, which it is made of.
-#}
{% macro aws_charges(source_format) %}
    {#- Line columns of FOCUS that a CUR has nothing for, or that follow by rule (see staging/README.md). -#}
    {% set absent = [
        "consumed_quantity",
        "contracted_unit_price",
        "list_unit_price",
        "pricing_currency_contracted_unit_price",
        "pricing_currency_effective_cost",
        "pricing_currency_list_unit_price",
        "resource_name",
    ] %}
    {% set details_ids = {
        "invoiced": hash_of(["'line'"] + aws_detail_columns()),
        "fees": hash_of(["kind"] + aws_detail_columns()),
        "uncancelled": "x_details_id",
    } %}

    with
        {{
            aws_charge_branches(
                ref("int_" ~ source_format ~ "__ruled"),
                ref("int_" ~ source_format ~ "__uncancelled_negations"),
            )
        }}

    {% for branch, details_id in details_ids.items() %}
        select
            provider,
            billing_period,
            {{ details_id }} as x_details_id,
            x_cost_categories,
            {%- for name, type in focus_columns() if name in charge_columns() %}
                {% if name in absent %} cast(null as {{ type }}) as {{ name }},
                {%- else %} {{ name }},
                {%- endif %}
            {%- endfor %}
        from {{ branch }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
{% endmacro %}
