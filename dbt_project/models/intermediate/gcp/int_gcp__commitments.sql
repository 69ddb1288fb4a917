{{ config(materialized="ephemeral") }}

select
    {{ gcp_scope() }},
    commitment_id,
    min(resource) = max(resource) as is_of_one_resource,
    bool_and(is_daily) as is_daily,
    min(sku_description) as commitment_name,
    bool_or(is_spend_based) as is_spend_based,
from {{ ref("int_gcp__commitment_fees") }}
group by {{ gcp_scope() }}, commitment_id
