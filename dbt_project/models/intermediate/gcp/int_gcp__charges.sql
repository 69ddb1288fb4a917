{#- What a charge has from the line of the bill that it stands on. -#}
{% set of_line %}
    provider, billing_period, source, source_format, billing_account_id, cost_type, service_description, sku_id,
    sku_description, project_id, project_name, location, region, zone, resource_name, resource_global_name, seller_name,
    currency, usage_unit, pricing_unit, adjustment_description, machine_spec, machine_cores, currency_conversion_rate,
    usage_amount, price_tier_start_amount, tags, usage_start_time, usage_end_time
{% endset %}
{% set line = "provider, billing_period, source_format, file_name, line_number" %}

with
    classified as (select * from {{ ref("int_gcp__classified") }}),

    spread as (
        select
            {{ line }},
            status,
            commitment_id,
            commitment_name,
            is_spend_based as is_of_spend,
            fee_share,
            quantity as covered_quantity,
        from {{ ref("int_gcp__commitments_spread") }}
    ),

    lines as (
        select
            * exclude (commitment_id, commitment_name),
            case
                when is_commitment_fee
                then coalesce(subscription_instance_id, sku_id)
                when is_covered_by_commitment
                then
                    coalesce(
                        commitment_id,
                        subscription_instance_id,
                        commitment_credits[1].id,
                        commitment_credits[1].name,
                        sku_id
                    )
            end as commitment_id,
            case
                when is_commitment_fee
                then sku_description
                when is_covered_by_commitment
                then
                    coalesce(
                        commitment_name, commitment_credits[1].name, sku_description
                    )
            end as commitment_name,
        from classified
        left join
            (select * from spread where status = 'Used') as used using ({{ line }})
    )

select
    {{ of_line }},
    charge_category,
    -- FOCUS has Correction for what corrects a month invoiced before.
    case
        when
            adjustment_id is not null
            and charge_day < cast(billing_period || '-01' as date)
        then 'Correction'
    end as charge_class,
    sku_description as description,
    commitment_id,
    commitment_name,
    if(is_covered_by_commitment, 'Used', null) as commitment_status,
    billed_cost,
    if(is_commitment_fee, 0, billed_cost + coalesce(fee_share, 0)) as effective_cost,
    if(is_commitment_fee, 0, cost) as contracted_cost,
    if(is_commitment_fee, 0, coalesce(cost_at_list, cost)) as list_cost,
    fee_share,
    covered_quantity,
    native_pricing_quantity as priced_quantity,
    charge_category in ('Usage', 'Purchase') as is_priced,
    coalesce(is_of_spend, is_spend_based) as is_spend_based,
from lines
union all
select
    {{ of_line }},
    'Usage' as charge_category,
    null as charge_class,
    'Unused: ' || sku_description as description,
    commitment_id,
    commitment_name,
    'Unused' as commitment_status,
    0 as billed_cost,
    fee_share as effective_cost,
    fee_share as contracted_cost,
    fee_share as list_cost,
    fee_share,
    covered_quantity,
    covered_quantity as priced_quantity,
    true as is_priced,
    is_of_spend as is_spend_based,
from classified
inner join (select * from spread where status = 'Unused') as unused using ({{ line }})
union all
select
    {{ of_line }},
    'Credit' as charge_category,
    null as charge_class,
    list_filter(credits, lambda c:c.type = 'PROMOTION')[1].name as description,
    null as commitment_id,
    null as commitment_name,
    null as commitment_status,
    promotion_total as billed_cost,
    promotion_total as effective_cost,
    promotion_total as contracted_cost,
    promotion_total as list_cost,
    null as fee_share,
    null as covered_quantity,
    null as priced_quantity,
    false as is_priced,
    false as is_spend_based,
from classified
where has_credit_apart
