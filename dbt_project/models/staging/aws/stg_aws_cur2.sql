{{ config(materialized="parsed", source_format="aws_cur2") }}

{#- Text of the columns that both kinds of file hold alike. -#}
{% set text_columns = [
    "bill_billing_entity",
    "bill_invoice_id",
    "bill_invoicing_entity",
    "bill_payer_account_name",
    "capacity_reservation_capacity_reservation_arn",
    "capacity_reservation_capacity_reservation_status",
    "line_item_availability_zone",
    "line_item_currency_code",
    "line_item_legal_entity",
    "line_item_line_item_description",
    "line_item_line_item_type",
    "line_item_operation",
    "line_item_product_code",
    "line_item_resource_id",
    "line_item_usage_account_name",
    "line_item_usage_type",
    "pricing_rate_code",
    "pricing_unit",
    "product_instance_family",
    "product_instance_type",
    "product_product_family",
    "product_region_code",
    "product_sku",
    "reservation_end_time",
    "reservation_reservation_a_r_n",
    "savings_plan_end_time",
    "savings_plan_savings_plan_a_r_n",
    "split_line_item_parent_resource_id",
] %}
{#- AWS writes these counts as text, in Parquet too. -#}
{% set counts = [
    "reservation_total_reserved_normalized_units",
    "reservation_total_reserved_units",
] %}
{% set amounts = [
    "line_item_net_unblended_cost",
    "line_item_normalized_usage_amount",
    "line_item_unblended_cost",
    "line_item_usage_amount",
    "pricing_public_on_demand_cost",
    "reservation_effective_cost",
    "reservation_net_effective_cost",
    "reservation_net_unused_amortized_upfront_fee_for_billing_period",
    "reservation_net_unused_recurring_fee",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_normalized_unit_quantity",
    "reservation_unused_quantity",
    "reservation_unused_recurring_fee",
    "savings_plan_amortized_upfront_commitment_for_billing_period",
    "savings_plan_net_amortized_upfront_commitment_for_billing_period",
    "savings_plan_net_recurring_commitment_for_billing_period",
    "savings_plan_net_savings_plan_effective_cost",
    "savings_plan_recurring_commitment_for_billing_period",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    "split_line_item_actual_usage",
    "split_line_item_net_split_cost",
    "split_line_item_net_unused_cost",
    "split_line_item_public_on_demand_split_cost",
    "split_line_item_public_on_demand_unused_cost",
    "split_line_item_reserved_usage",
    "split_line_item_split_cost",
    "split_line_item_split_usage",
    "split_line_item_split_usage_ratio",
    "split_line_item_unused_cost",
] %}
{#- A tax may have no dates of its own: it is charged over the billing period. -#}
{% set moments = {
    "bill_billing_period_start_date": ["bill_billing_period_start_date"],
    "line_item_usage_end_date": [
        "line_item_usage_end_date",
        "bill_billing_period_end_date",
    ],
    "line_item_usage_start_date": [
        "line_item_usage_start_date",
        "bill_billing_period_start_date",
    ],
} %}
{% set account_ids = ["bill_payer_account_id", "line_item_usage_account_id"] %}

with
    lines as (
        {%- for relation in [
            source("landing_aws", "aws_cur2_parquet"),
            source("landing_aws", "aws_cur2_csv"),
        ] %}
            {%- set is_text = not loop.first %}
            select
                provider as provider,
                source as source,
                billing_period as billing_period,
                {%- for name in text_columns %} {{ name }}, {%- endfor %}
                {%- for name in account_ids %}
                    {{ aws_account_id(name) }} as {{ name }},
                {%- endfor %}
                {%- for name in amounts %}
                    {{ money_from_text(name) if is_text else money(name) }}
                    as {{ name }},
                {%- endfor %}
                {%- for name in counts %}
                    {{ money_from_text(name) }} as {{ name }},
                {%- endfor %}
                case
                    when starts_with(typeof(product), 'MAP')
                    then try_cast(product as map(varchar, varchar))['product_name']
                    else {{ json_object_from("product", is_text) }} ->> '$.product_name'
                end as product_product_name,
                {{ json_object_from("resource_tags", is_text) }} as tags,
                {{ json_object_from("cost_category", is_text) }} as x_cost_categories,
                {%- for name, columns in moments.items() %}
                    {{ first_moment_of(columns) }} as {{ name }},
                {%- endfor %}
            from {{ relation }} {{ "union all" if loop.first }}
        {%- endfor %}
    )

select *
from lines
-- A file that a person downloaded may hold other months too; they are deliveries of
-- their own.
where {{ is_of_billing_period("bill_billing_period_start_date") }}
