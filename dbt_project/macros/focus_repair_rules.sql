{#-
    The repairs of native FOCUS rows: the id of each (the seed `focus_repairs` says what it does) and when it is made, over
    the columns of `int_focus__mapped_to_focus`'s `prepared`: the export's own, and what was looked up for them.
    BilledCost is not among them.
-#}
{% macro focus_repair_rules() %}
    {% set rules = {} %}
    {% for column in focus_enumerations() %}
        {% do rules.update(
            {column ~ "_spelled": ("spelled_" ~ column ~ " <> " ~ column)}
        ) %}
    {% endfor %}
    {% do rules.update(
        {
            "charge_category_unknown": "spelled_charge_category is null",
            "charge_class_unknown": "charge_class is not null and spelled_charge_class is null",
            "charge_frequency_by_category": "spelled_charge_frequency is null or (category = 'Purchase' and spelled_charge_frequency = 'Usage-Based')",
            "charge_period_end_exclusive": "second(charge_period_end) = 59",
            "contracted_cost_from_list_cost": "contracted_cost is null",
            "effective_cost_from_billed_cost": "effective_cost is null",
            "list_cost_from_contracted_cost": "list_cost is null",
            "unit_price_without_sign": "least(contracted_unit_price, list_unit_price, pricing_currency_contracted_unit_price, pricing_currency_list_unit_price) < 0",
            "tax_has_no_price": "category = 'Tax' and coalesce(pricing_category, pricing_unit, sku_id, sku_price_id, cast(pricing_quantity as varchar), cast(contracted_unit_price as varchar), cast(list_unit_price as varchar)) is not null",
            "contracted_unit_price_from_list_unit_price": "is_sold and contracted_unit_price is null and pricing_quantity = 0 and list_unit_price is not null",
            "pricing_category_other": "spelled_pricing_category is null and is_sold",
            "pricing_unit_spelled": "known_pricing_unit <> pricing_unit",
            "pricing_unit_unknown": "category <> 'Tax' and pricing_quantity is not null and pricing_unit is null",
            "pricing_unit_without_quantity": "category <> 'Tax' and pricing_quantity is null and pricing_unit is not null",
            "consumed_unit_spelled": "known_consumed_unit <> consumed_unit and is_consumed",
            "consumed_quantity_of_usage_only": "not is_consumed and coalesce(consumed_unit, cast(consumed_quantity as varchar)) is not null",
            "commitment_discount_without_id": "commitment_discount_id is null and coalesce(commitment_discount_category, commitment_discount_name, commitment_discount_status, commitment_discount_type, commitment_discount_unit, cast(commitment_discount_quantity as varchar)) is not null",
            "commitment_discount_category_by_type": "commitment_discount_id is not null and spelled_commitment_discount_category is null",
            "commitment_discount_quantity_added": "is_sold and commitment_discount_id is not null and commitment_discount_quantity is null",
            "commitment_discount_type_unknown": "commitment_discount_id is not null and commitment_discount_type is null",
            "commitment_discount_status_used": "commitment_discount_id is not null and category = 'Usage' and spelled_commitment_discount_status is null",
            "commitment_discount_status_of_usage_only": "commitment_discount_id is not null and category <> 'Usage' and commitment_discount_status is not null",
            "service_category_by_service_name": "seed_service_category <> coalesce(spelled_service_category, '')",
            "service_category_by_most_rows": "seed_service_category is null and usual_service_category <> coalesce(spelled_service_category, '')",
            "service_category_other": "coalesce(seed_service_category, usual_service_category, spelled_service_category) is null",
            "service_subcategory_added": "service_subcategory is null",
            "region_name_from_region_id": "region_name is null and region_id is not null",
            "region_id_from_region_name": "region_id is null and region_name is not null",
            "resource_type_unknown": "resource_type is null and resource_id is not null",
            "resource_without_id": "resource_id is null and coalesce(resource_type, resource_name) is not null",
            "sku_meter_added": "category <> 'Tax' and sku_id is not null and sku_meter is null",
            "sku_price_without_sku": "category <> 'Tax' and sku_id is null and sku_price_id is not null",
            "sku_price_id_from_sku_id": "is_sold and sku_id is not null and sku_price_id is null",
            "sku_price_id_by_sku": "category <> 'Tax' and sku_id is not null and has_several_skus",
            "billing_account_name_from_id": "billing_account_name is null",
            "publisher_name_from_provider_name": "publisher_name is null",
            "invoice_issuer_name_from_provider_name": "invoice_issuer_name is null",
            "account_types_added": "billing_account_type is null or (sub_account_type is null and sub_account_id is not null and not is_own_sub_account)",
            "sub_account_is_billing_account": "is_own_sub_account",
        }
    ) %}
    {{ return(rules) }}
{% endmacro %}
