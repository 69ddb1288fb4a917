{#-
    How a CUR's charges are described in FOCUS, once per combination of the native columns of `aws_detail_columns`;
    `source_format` as in `aws_charges`.
-#}
{% macro aws_charge_details(source_format) %}
    {% set ruled = ref("int_" ~ source_format ~ "__ruled") %}
    {% set uncancelled = ref("int_" ~ source_format ~ "__uncancelled_negations") %}
    {#- Describing columns of FOCUS that a CUR has nothing for, or that follow by rule (see staging/README.md). -#}
    {% set absent = [
        "billing_account_type",
        "commitment_discount_name",
        "consumed_unit",
        "pricing_currency",
        "provider_name",
        "sub_account_type",
        "x_source_changes",
    ] %}

    with
        {% for kind, types in [
            (
                "line",
                "line_item_line_item_type is distinct from 'SavingsPlanNegation'",
            ),
            (
                "unused",
                "line_item_line_item_type in ('SavingsPlanRecurringFee', 'RIFee')",
            ),
        ] %}
            {{ kind }}_details as (
                select
                    provider,
                    billing_period,
                    '{{ kind }}' as kind,
                    {{ hash_of(["'" ~ kind ~ "'"] + aws_detail_columns()) }}
                    as x_details_id,
                    -- Equal throughout the group, which is one combination of them. One
                    -- struct of them all costs a third of as many aggregates.
                    any_value(
                        struct_pack(
                            {%- for name in aws_detail_columns() %}
                                {{ name }} := {{ name }},
                            {%- endfor %}
                            -- They follow from the SKU, and are asked of nothing that
                            -- has none.
                            line_item_operation := line_item_operation,
                            product_instance_family := product_instance_family
                        )
                    ) as detail,
                    -- An account has one name; were it renamed within the month, the
                    -- last by name serves for all of its lines.
                    max(bill_payer_account_name) as bill_payer_account_name,
                    max(line_item_usage_account_name) as line_item_usage_account_name,
                from {{ ruled }}
                where {{ types }}
                group by
                    provider,
                    billing_period,
                    {{ hash_of(["'" ~ kind ~ "'"] + aws_detail_columns()) }}
            ),
        {% endfor %}

        uncancelled_details as (
            select
                provider,
                billing_period,
                'uncancelled' as kind,
                x_details_id,
                any_value(columns(* exclude (provider, billing_period, x_details_id))),
            from {{ uncancelled }}
            group by provider, billing_period, x_details_id
        ),

        -- The `product` map costs as much as everything else of a line, so it is opened
        -- only where nothing else names what was bought.
        marketplace_products as (
            select
                provider,
                billing_period,
                line_item_product_code,
                max(product_product_name) as marketplace_product,
            from {{ ruled }}
            where bill_billing_entity = 'AWS Marketplace'
            group by provider, billing_period, line_item_product_code
        ),

        details as (
            select * exclude (detail), unnest(detail)
            from line_details
            union all by name
            select * exclude (detail), unnest(detail)
            from unused_details
            union all by name
            select *
            from uncancelled_details
        ),

        with_products as (
            select details.*, marketplace_products.marketplace_product,
            from details
            left join
                marketplace_products
                on marketplace_products.provider = details.provider
                and marketplace_products.billing_period = details.billing_period
                and marketplace_products.line_item_product_code
                = details.line_item_product_code
                and details.bill_billing_entity = 'AWS Marketplace'
        ),

        {{ aws_described("with_products", source_format) }}

    select
        provider,
        billing_period,
        x_details_id,
        {%- for name, type in focus_columns() if name in detail_columns() %}
            {% if name in absent %} cast(null as {{ type }}) as {{ name }},
            {%- else %} {{ name }},
            {%- endif %}
        {%- endfor %}
    from described
{% endmacro %}
