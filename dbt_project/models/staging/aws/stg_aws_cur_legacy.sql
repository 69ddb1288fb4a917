{{ config(materialized="parsed", source_format="aws_cur_legacy") }}

{#-
    Legacy CUR under the names of CUR 2.0, so that one mapping serves both. In CSV a column is `lineItem/UsageType`, in
    Parquet `line_item_usage_type`; each tag key and cost category is a column of its own.
-#}
{% set texts = {
    "bill_billing_entity": ["bill/BillingEntity"],
    "bill_invoice_id": ["bill/InvoiceId"],
    "bill_invoicing_entity": ["bill/InvoicingEntity"],
    "line_item_availability_zone": ["lineItem/AvailabilityZone"],
    "line_item_currency_code": ["lineItem/CurrencyCode"],
    "line_item_legal_entity": ["lineItem/LegalEntity"],
    "line_item_line_item_description": ["lineItem/LineItemDescription"],
    "line_item_line_item_type": ["lineItem/LineItemType"],
    "line_item_operation": ["lineItem/Operation"],
    "line_item_product_code": ["lineItem/ProductCode"],
    "line_item_resource_id": ["lineItem/ResourceId"],
    "line_item_usage_type": ["lineItem/UsageType"],
    "pricing_rate_code": ["pricing/RateCode"],
    "pricing_unit": ["pricing/unit"],
    "product_instance_family": [
        "product/instanceFamily",
        "product/instanceTypeFamily",
        "product_instance_type_family",
    ],
    "product_instance_type": ["product/instanceType"],
    "product_product_family": ["product/productFamily"],
    "product_product_name": ["product/ProductName"],
    "product_region_code": [
        "product/regionCode",
        "product/region",
        "product_region",
    ],
    "product_sku": ["product/sku"],
    "reservation_end_time": ["reservation/EndTime"],
    "reservation_reservation_a_r_n": [
        "reservation/ReservationARN",
        "reservation_reservation_arn",
    ],
    "savings_plan_end_time": ["savingsPlan/EndTime"],
    "savings_plan_savings_plan_a_r_n": [
        "savingsPlan/SavingsPlanARN",
        "savings_plan_savings_plan_arn",
    ],
    "split_line_item_parent_resource_id": ["splitLineItem/ParentResourceId"],
} %}
{#- AWS writes these counts as text, in Parquet too. -#}
{% set counts = {
    "reservation_total_reserved_normalized_units": "reservation/TotalReservedNormalizedUnits",
    "reservation_total_reserved_units": "reservation/TotalReservedUnits",
    "reservation_unused_normalized_unit_quantity": "reservation/UnusedNormalizedUnitQuantity",
    "reservation_unused_quantity": "reservation/UnusedQuantity",
} %}
{% set amounts = {
    "line_item_net_unblended_cost": "lineItem/NetUnblendedCost",
    "line_item_normalized_usage_amount": "lineItem/NormalizedUsageAmount",
    "line_item_unblended_cost": "lineItem/UnblendedCost",
    "line_item_usage_amount": "lineItem/UsageAmount",
    "pricing_public_on_demand_cost": "pricing/publicOnDemandCost",
    "reservation_effective_cost": "reservation/EffectiveCost",
    "reservation_net_effective_cost": "reservation/NetEffectiveCost",
    "reservation_net_unused_amortized_upfront_fee_for_billing_period": "reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod",
    "reservation_net_unused_recurring_fee": "reservation/NetUnusedRecurringFee",
    "reservation_unused_amortized_upfront_fee_for_billing_period": "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
    "reservation_unused_recurring_fee": "reservation/UnusedRecurringFee",
    "savings_plan_amortized_upfront_commitment_for_billing_period": "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod",
    "savings_plan_net_amortized_upfront_commitment_for_billing_period": "savingsPlan/NetAmortizedUpfrontCommitmentForBillingPeriod",
    "savings_plan_net_recurring_commitment_for_billing_period": "savingsPlan/NetRecurringCommitmentForBillingPeriod",
    "savings_plan_net_savings_plan_effective_cost": "savingsPlan/NetSavingsPlanEffectiveCost",
    "savings_plan_recurring_commitment_for_billing_period": "savingsPlan/RecurringCommitmentForBillingPeriod",
    "savings_plan_savings_plan_effective_cost": "savingsPlan/SavingsPlanEffectiveCost",
    "savings_plan_total_commitment_to_date": "savingsPlan/TotalCommitmentToDate",
    "savings_plan_used_commitment": "savingsPlan/UsedCommitment",
    "split_line_item_actual_usage": "splitLineItem/ActualUsage",
    "split_line_item_net_split_cost": "splitLineItem/NetSplitCost",
    "split_line_item_net_unused_cost": "splitLineItem/NetUnusedCost",
    "split_line_item_public_on_demand_split_cost": "splitLineItem/PublicOnDemandSplitCost",
    "split_line_item_public_on_demand_unused_cost": "splitLineItem/PublicOnDemandUnusedCost",
    "split_line_item_reserved_usage": "splitLineItem/ReservedUsage",
    "split_line_item_split_cost": "splitLineItem/SplitCost",
    "split_line_item_split_usage": "splitLineItem/SplitUsage",
    "split_line_item_split_usage_ratio": "splitLineItem/SplitUsageRatio",
    "split_line_item_unused_cost": "splitLineItem/UnusedCost",
} %}
{#- A tax may have no dates of its own: it is charged over the billing period. -#}
{% set moments = {
    "bill_billing_period_start_date": "bill/BillingPeriodStartDate",
    "line_item_usage_end_date": [
        "lineItem/UsageEndDate",
        "bill_billing_period_end_date",
        "bill/BillingPeriodEndDate",
    ],
    "line_item_usage_start_date": [
        "lineItem/UsageStartDate",
        "bill_billing_period_start_date",
        "bill/BillingPeriodStartDate",
    ],
} %}
{% set account_ids = {
    "bill_payer_account_id": "bill/PayerAccountId",
    "line_item_usage_account_id": "lineItem/UsageAccountId",
} %}
{% set expressions = {
    "bill_payer_account_name": "cast(null as varchar)",
    "capacity_reservation_capacity_reservation_arn": "cast(null as varchar)",
    "capacity_reservation_capacity_reservation_status": "cast(null as varchar)",
    "line_item_usage_account_name": "cast(null as varchar)",
    "tag_columns": "to_json(struct_pack(*columns('^(?:resourceTags/|resource_tags_|costCategory/|cost_category_)')))",
} %}

{#- In Parquet a column has the name that it has in CUR 2.0, which is looked for first. -#}
{% for columns in [texts, amounts, moments] %}
    {% for name, natives in columns.items() %}
        {% do columns.update(
            {name: [name] + ([natives] if natives is string else natives)}
        ) %}
    {% endfor %}
{% endfor %}
{% for name, native in counts.items() %}
    {% do expressions.update({name: money_from_text(text_of([name, native]))}) %}
{% endfor %}
{% for name, native in account_ids.items() %}
    {% do expressions.update({name: aws_account_id(text_of([name, native]))}) %}
{% endfor %}

{{
    staged_lines(
        source("landing_aws_legacy", "aws_cur_legacy_parquet"),
        source("landing_aws_legacy", "aws_cur_legacy_csv"),
        "bill_billing_period_start_date",
        texts,
        amounts,
        moments,
        expressions,
    )
}}
