{{ config(materialized="ephemeral") }}

select
    {{ gcp_scope() }},
    file_name,
    line_number,
    charge_day,
    is_spend_based,
    sku_description,
    billed_cost as fee,
    coalesce(subscription_instance_id, sku_id) as commitment_id,
    coalesce(native_pricing_quantity, 0) as committed_quantity,
    lower(coalesce(pricing_unit, usage_unit)) as committed_unit,
    coalesce(nullif(currency_conversion_rate, 0), 1) as dollar_rate,
    {{ gcp_commitment_resource("sku_description") }} as resource,
    -- Fees come by the day or by the hour, but for those paid once.
    usage_end_time - usage_start_time <= interval 25 hour as is_daily,
    {{ gcp_commitment_key("sku_description", "sku_description") }} as narrow_key,
    if(is_spend_based, 'spend/', 'resource/')
    || {{ gcp_commitment_resource("sku_description") }} as wide_key,
from {{ ref("int_gcp__commitment_lines") }}
where is_commitment_fee
