{{ config(materialized="transient", relation_type="view") }}

{#- What both formats have, once staged. -#}
{% set columns = [
    "provider",
    "source",
    "billing_period",
    "bill_billing_entity",
    "bill_invoice_id",
    "bill_invoicing_entity",
    "bill_payer_account_id",
    "bill_payer_account_name",
    "capacity_reservation_capacity_reservation_arn",
    "capacity_reservation_capacity_reservation_status",
    "line_item_availability_zone",
    "line_item_currency_code",
    "line_item_legal_entity",
    "line_item_line_item_description",
    "line_item_line_item_type",
    "line_item_net_unblended_cost",
    "line_item_normalized_usage_amount",
    "line_item_operation",
    "line_item_product_code",
    "line_item_resource_id",
    "line_item_unblended_cost",
    "line_item_usage_account_id",
    "line_item_usage_account_name",
    "line_item_usage_amount",
    "line_item_usage_end_date",
    "line_item_usage_start_date",
    "line_item_usage_type",
    "pricing_public_on_demand_cost",
    "pricing_rate_code",
    "pricing_unit",
    "product_instance_family",
    "product_instance_type",
    "product_product_family",
    "product_product_name",
    "product_region_code",
    "product_sku",
    "reservation_effective_cost",
    "reservation_end_time",
    "reservation_net_effective_cost",
    "reservation_net_unused_amortized_upfront_fee_for_billing_period",
    "reservation_net_unused_recurring_fee",
    "reservation_reservation_a_r_n",
    "reservation_total_reserved_normalized_units",
    "reservation_total_reserved_units",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_normalized_unit_quantity",
    "reservation_unused_quantity",
    "reservation_unused_recurring_fee",
    "savings_plan_amortized_upfront_commitment_for_billing_period",
    "savings_plan_end_time",
    "savings_plan_net_amortized_upfront_commitment_for_billing_period",
    "savings_plan_net_recurring_commitment_for_billing_period",
    "savings_plan_net_savings_plan_effective_cost",
    "savings_plan_recurring_commitment_for_billing_period",
    "savings_plan_savings_plan_a_r_n",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    "split_line_item_actual_usage",
    "split_line_item_net_split_cost",
    "split_line_item_net_unused_cost",
    "split_line_item_parent_resource_id",
    "split_line_item_public_on_demand_split_cost",
    "split_line_item_public_on_demand_unused_cost",
    "split_line_item_reserved_usage",
    "split_line_item_split_cost",
    "split_line_item_split_usage",
    "split_line_item_split_usage_ratio",
    "split_line_item_unused_cost",
] %}

{#- Planning the lines of a format costs half a second per COPY, though a month has none; so those in scope alone. -#}
{% set formats = (
    formats_in_scope() | select("in", ["aws_cur2", "aws_cur_legacy"]) | list
) %}

{% for format in formats or ["aws_cur2"] %}
    select
        {{ columns | join(", ") }},
        tags,
        x_cost_categories,
        '{{ format }}' as source_format,
    from {{ ref("stg_" ~ format) }} as lines
    {% if format == "aws_cur_legacy" %}
        left join
            {{ ref("int_aws__legacy_tags_parsed") }} as tag_sets
            on tag_sets.tag_columns = lines.tag_columns
    {% endif %}
    {% if not loop.last %}
        union all
    {% endif %}
{% endfor %}
