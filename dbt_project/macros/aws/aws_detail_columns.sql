{#- Native columns that decide how a charge is described: lines that are equal in all of them are described alike. -#}
{% macro aws_detail_columns() %}
    {{
        return(
            [
                "source",
                "bill_billing_entity",
                "bill_invoice_id",
                "bill_invoicing_entity",
                "bill_payer_account_id",
                "capacity_reservation_capacity_reservation_arn",
                "capacity_reservation_capacity_reservation_status",
                "line_item_availability_zone",
                "line_item_currency_code",
                "line_item_legal_entity",
                "line_item_line_item_description",
                "line_item_line_item_type",
                "line_item_product_code",
                "line_item_usage_account_id",
                "line_item_usage_type",
                "pricing_rate_code",
                "pricing_unit",
                "product_instance_type",
                "product_product_family",
                "product_region_code",
                "product_sku",
                "reservation_id",
                "savings_plan_id",
                "corrects_earlier_period",
                "has_resource",
                "is_normalized",
            ]
        )
    }}
{% endmacro %}
