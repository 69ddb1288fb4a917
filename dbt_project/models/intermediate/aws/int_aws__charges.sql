{#- Line columns of FOCUS that a CUR has nothing for, or that follow by rule (see staging/README.md). -#}
{% set absent = [
    "consumed_quantity",
    "contracted_unit_price",
    "list_unit_price",
    "pricing_currency_contracted_unit_price",
    "pricing_currency_effective_cost",
    "pricing_currency_list_unit_price",
    "resource_name",
] + focus_columns_of_1_3() %}

with
    uncancelled as (
        select
            provider,
            billing_period,
            x_details_id,
            cast(null as varchar) as x_cost_categories,
            cast(null as varchar) as tags,
            cast(null as varchar) as resource_id,
            charge_period_start,
            charge_period_end,
            cast(null as decimal(38, 12)) as pricing_quantity,
            invoiced_cost as billed_cost,
            invoiced_cost as effective_cost,
            invoiced_cost as contracted_cost,
            invoiced_cost as list_cost,
            cast(null as decimal(38, 12)) as commitment_discount_quantity,
        from {{ ref("int_aws__negations_netted") }}
    )

-- Each branch is complete: whatever is computed above a union makes DuckDB unpack every
-- dictionary first, which doubles the cost of a line.
{% for branch in [
        ref("int_aws__usage_costed"),
        ref("int_aws__fees_and_refunds_costed"),
        "uncancelled",
    ] %}
    select
        provider,
        billing_period,
        x_details_id,
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
