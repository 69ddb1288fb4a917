{#-
    The columns every `int_<format>__mapped_to_focus` yields: FOCUS 1.2 in snake_case, what 1.3 adds to it, `provider` and
    `billing_period` (the partition of the fact) and the platform's own `x_` columns. `billing_period_start` and `billing_period_end`
    follow from `billing_period` and are left to the fact.

    Where a column says "null: …", a mapping may yield null and the fact's view fills in what the rule says; a column
    that is null in a file costs a quarter of one that repeats a constant.
-#}
{% macro focus_columns() %}
    {% set money = "decimal(38,12)" %}
    {{
        return(
            [
                ("provider", "varchar"),
                ("billing_period", "varchar"),
                ("availability_zone", "varchar"),
                ("billed_cost", money),
                ("billing_account_id", "varchar"),
                ("billing_account_name", "varchar"),
                ("billing_account_type", "varchar"),
                ("billing_currency", "varchar"),
                ("capacity_reservation_id", "varchar"),
                ("capacity_reservation_status", "varchar"),
                ("charge_category", "varchar"),
                ("charge_class", "varchar"),
                ("charge_description", "varchar"),
                ("charge_frequency", "varchar"),
                ("charge_period_end", "timestamp"),
                ("charge_period_start", "timestamp"),
                ("commitment_discount_category", "varchar"),
                ("commitment_discount_id", "varchar"),
                ("commitment_discount_name", "varchar"),
                ("commitment_discount_quantity", money),
                ("commitment_discount_status", "varchar"),
                ("commitment_discount_type", "varchar"),
                ("commitment_discount_unit", "varchar"),
                ("consumed_quantity", money),
                ("consumed_unit", "varchar"),
                ("contracted_cost", money),
                ("contracted_unit_price", money),
                ("effective_cost", money),
                ("invoice_id", "varchar"),
                ("invoice_issuer_name", "varchar"),
                ("list_cost", money),
                ("list_unit_price", money),
                ("pricing_category", "varchar"),
                ("pricing_currency", "varchar"),
                ("pricing_currency_contracted_unit_price", money),
                ("pricing_currency_effective_cost", money),
                ("pricing_currency_list_unit_price", money),
                ("pricing_quantity", money),
                ("pricing_unit", "varchar"),
                ("provider_name", "varchar"),
                ("publisher_name", "varchar"),
                ("region_id", "varchar"),
                ("region_name", "varchar"),
                ("resource_id", "varchar"),
                ("resource_name", "varchar"),
                ("resource_type", "varchar"),
                ("service_category", "varchar"),
                ("service_name", "varchar"),
                ("service_subcategory", "varchar"),
                ("sku_id", "varchar"),
                ("sku_meter", "varchar"),
                ("sku_price_details", "varchar"),
                ("sku_price_id", "varchar"),
                ("sub_account_id", "varchar"),
                ("sub_account_name", "varchar"),
                ("sub_account_type", "varchar"),
                ("tags", "varchar"),
                ("allocated_method_details", "varchar"),
                ("allocated_method_id", "varchar"),
                ("allocated_resource_id", "varchar"),
                ("allocated_resource_name", "varchar"),
                ("allocated_tags", "varchar"),
                ("contract_applied", "varchar"),
                ("host_provider_name", "varchar"),
                ("service_provider_name", "varchar"),
                ("x_charge_type", "varchar"),
                ("x_instance_type", "varchar"),
                ("x_source", "varchar"),
                ("x_source_changes", "varchar"),
                ("x_source_format", "varchar"),
            ]
        )
    }}
{% endmacro %}

{#- What FOCUS 1.3 adds, which none of the clouds' own formats has. -#}
{% macro focus_columns_of_1_3() %}
    {{
        return(
            [
                "allocated_method_details",
                "allocated_method_id",
                "allocated_resource_id",
                "allocated_resource_name",
                "allocated_tags",
                "contract_applied",
                "host_provider_name",
                "service_provider_name",
            ]
        )
    }}
{% endmacro %}
