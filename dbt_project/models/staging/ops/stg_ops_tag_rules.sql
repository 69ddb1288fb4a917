{{ config(materialized="view") }}

select
    rule_order,
    value_source,
    provider,
    billing_account_id,
    sub_account_id,
    sub_account_name,
    service_name,
    service_category,
    charge_category,
    region_id,
    has_resource,
    resource_id,
    tag_conditions,
    from_date,
    to_date,
from {{ source("ops", "tag_rules") }}
