{{ config(materialized="view") }}

select
    tag_key,
    provider,
    billing_account_id,
    sub_account_id,
    sub_account_name,
    service_name,
    service_category,
    charge_category,
    region_id,
    has_resource,
from {{ source("ops", "tag_scopes") }}
