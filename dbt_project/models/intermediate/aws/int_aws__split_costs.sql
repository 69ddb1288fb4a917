{{ config(access="protected") }}

select
    provider,
    billing_period,
    source as x_source,
    line_item_currency_code as billing_currency,
    bill_payer_account_id as billing_account_id,
    line_item_usage_account_id as sub_account_id,
    coalesce(
        nullif(line_item_usage_account_name, ''), line_item_usage_account_id
    ) as sub_account_name,
    line_item_usage_start_date as charge_period_start,
    line_item_usage_end_date as charge_period_end,
    nullif(product_region_code, '') as region_id,
    nullif(line_item_resource_id, '') as resource_id,
    nullif(split_line_item_parent_resource_id, '') as parent_resource_id,
    line_item_operation as x_operation,
    nullif(line_item_usage_type, '') as sku_meter,
    {{ tags_of_charge() }} as tags,
    split_line_item_reserved_usage as reserved_usage,
    split_line_item_actual_usage as actual_usage,
    split_line_item_split_usage as split_usage,
    split_line_item_split_usage_ratio as split_usage_ratio,
    coalesce(split_line_item_net_split_cost, split_line_item_split_cost) as split_cost,
    coalesce(
        split_line_item_net_unused_cost, split_line_item_unused_cost
    ) as unused_cost,
    split_line_item_public_on_demand_split_cost as list_split_cost,
    split_line_item_public_on_demand_unused_cost as list_unused_cost,
    coalesce(line_item_net_unblended_cost, line_item_unblended_cost) as billed_cost,
from {{ ref("int_aws__lines_unioned") }}
where {{ aws_keep_split_costs() }}
