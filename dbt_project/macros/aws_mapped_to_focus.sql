{#-
    Line items of a Cost and Usage Report, under CUR 2.0's names, as FOCUS charges; `lines` is the staging relation,
    `source_format` what the rows say they are. CUR 2.0 itself is mapped in two halves (`int_aws_cur2__charges` and
    `int_aws_cur2__charge_details`) for the sake of its size; both ways are made of the same macros.
-#}
{% macro aws_mapped_to_focus(lines, source_format) %}
    {#- FOCUS columns that a CUR has nothing for, or that follow by rule (see staging/README.md). -#}
    {% set absent = [
        "billing_account_type",
        "commitment_discount_name",
        "consumed_quantity",
        "consumed_unit",
        "contracted_unit_price",
        "list_unit_price",
        "pricing_currency",
        "pricing_currency_contracted_unit_price",
        "pricing_currency_effective_cost",
        "pricing_currency_list_unit_price",
        "provider_name",
        "resource_name",
        "sub_account_type",
        "x_source_changes",
    ] %}

    with
        ruled as ({{ aws_ruled(lines) }}),

        uncancelled_negations as ({{ aws_uncancelled_negations("ruled") }}),

        {{ aws_charge_branches("ruled", "uncancelled_negations") }},

        charges as (
            select *
            from invoiced
            union all by name
            select *
            from fees
            union all by name
            select *
            from uncancelled
        ),

        with_products as (
            select
                * replace({{ tags_of_charge() }} as tags),
                if(
                    bill_billing_entity = 'AWS Marketplace', product_product_name, null
                ) as marketplace_product,
            from charges
        ),

        {{ aws_described("with_products", source_format) }}

        {{ select_focus_columns("described", absent) }}
{% endmacro %}
