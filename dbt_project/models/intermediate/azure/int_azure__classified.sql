{#- K where the unit of measure counts thousands (10K), M for millions, else an empty text. -#}
{% set thousands %}
    regexp_extract(unit_of_measure, '^\s*\d+\s*([KkMm])(?:$|[\s/])', 1)
{% endset %}

with
    classified as (
        select
            *,
            {{ azure_is_priced_by_commitment() }} as is_priced_by_commitment,
            {{ azure_is_paid_by_commitment() }} as is_paid_by_commitment,
            {{ azure_is_commitment_fee() }} as is_commitment_fee,
            -- An MCA billing account is named by two ids with a colon; there, the
            -- profile is what is invoiced.
            coalesce(
                billing_account_id like '%:%' and billing_profile_id is not null, false
            ) as is_invoiced_by_profile,
            case
                lower(charge_type)
                when 'usage'
                then 'Usage'
                when 'unusedreservation'
                then 'Usage'
                when 'unusedsavingsplan'
                then 'Usage'
                when 'purchase'
                then 'Purchase'
                when 'refund'
                then 'Purchase'
                when 'tax'
                then 'Tax'
                when 'credit'
                then 'Credit'
                else 'Adjustment'
            end as charge_category,
            case
                when lower(charge_type) = 'refund' then 'Correction'
            end as charge_class,
            coalesce(
                lower(charge_type) in ('unusedreservation', 'unusedsavingsplan'), false
            ) as is_unused,
            -- Prices are in the pricing currency, costs in the billing currency; only
            -- MCA tells the two apart.
            cast(
                unit_price * coalesce(exchange_rate, 1) as decimal(38, 12)
            ) as billing_unit_price,
            cast(
                pay_as_you_go_price * coalesce(exchange_rate, 1) as decimal(38, 12)
            ) as billing_list_price,
            coalesce(benefit_id, reservation_id, product_order_id) as benefit,
            cast(quantity as double)
            * coalesce(nullif(unit_price, 0), nullif(effective_price, 0))
            * coalesce(exchange_rate, 1) as price_times_quantity,
            greatest(
                coalesce(
                    try_cast(regexp_extract(unit_of_measure, '^\s*(\d+)', 1) as bigint),
                    1
                ),
                1
            ) * case
                upper({{ thousands }}) when 'K' then 1000 when 'M' then 1000000 else 1
            end as block_size,
            lower(
                trim(
                    if(
                        {{ thousands }} <> '',
                        regexp_replace(unit_of_measure, '^\s*\d+\s*[KkMm]', ''),
                        regexp_replace(unit_of_measure, '^\s*\d+\s*', '')
                    )
                )
            ) as native_unit,
        from {{ ref("int_azure__lines") }}
    )

select
    *,
    if(is_paid_by_commitment, benefit, null) as commitment_id,
    is_priced_by_commitment
    and not is_commitment_fee
    and charge_category = 'Usage' as is_commitment_usage,
    coalesce(
        lower(benefit) like '%/microsoft.billingbenefits/%'
        or lower(replace(pricing_model, ' ', '')) = 'savingsplan',
        false
    ) as is_savings_plan,
    -- A price is for a block (of 10,000, say), but some exports count the blocks and
    -- others the units in them. Price times quantity is near the cost in the first case
    -- and a whole block size away in the second; halfway between, on the scale of
    -- ratios, is the root of the block size.
    case
        when block_size = 1
        then quantity
        when abs(price_times_quantity) < abs(cost) * sqrt(block_size)
        then quantity
        else cast(cast(quantity as double) / block_size as decimal(38, 12))
    end as block_count,
from classified
