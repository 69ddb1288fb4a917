{{ config(materialized="ephemeral") }}

with
    credits as (
        select
            {{ gcp_scope() }},
            file_name,
            line_number,
            charge_day,
            usage_start_time,
            sku_id,
            project_id,
            sku_description,
            subscription_instance_id,
            is_spend_based,
            cost,
            native_pricing_quantity,
            lower(coalesce(pricing_unit, usage_unit)) as used_unit,
            unnest(commitment_credits) as credit,
        from {{ ref("int_gcp__commitment_lines") }}
        where is_covered_by_commitment
    )

select
    * exclude (credit),
    credit.id as credit_id,
    credit.name as credit_name,
    cast(-1 * {{ money("credit.amount") }} as decimal(38, 12)) as amount,
    coalesce(
        nullif({{ gcp_commitment_resource("credit.name") }}, ''),
        {{ gcp_commitment_resource("sku_description") }}
    ) as resource,
    {{ gcp_commitment_key("credit.name", "sku_description") }} as narrow_key,
    if(is_spend_based, 'spend/', 'resource/') || resource as wide_key,
from credits
