{#- K where the unit of measure counts thousands (10K), M for millions, B for billions, else an empty text. -#}
{% set thousands %}
    regexp_extract(unit_of_measure, '^\s*\d+\s*([KkMmB])(?:$|[\s/])', 1)
{% endset %}

with
    -- What each bill has the purchase of: its refund corrects no earlier invoice.
    purchases as (
        select distinct
            provider,
            billing_period,
            billing_account_id,
            {{ azure_benefit() }} as benefit,
            true as is_bought_on_this_bill,
        from {{ ref("int_azure__lines") }}
        where lower(charge_type) = 'purchase' and {{ azure_benefit() }} is not null
    ),

    lines as (
        select
            lines.*,
            benefit,
            coalesce(is_bought_on_this_bill, false) as is_bought_on_this_bill,
        from
            (
                select
                    * replace (
                        -- Some exports write a number and its unit with a blank that
                        -- does not break.
                        replace(unit_of_measure, chr(160), ' ') as unit_of_measure
                    ),
                    {{ azure_benefit() }} as benefit,
                from {{ ref("int_azure__lines") }}
            ) as lines
        left join
            purchases using (provider, billing_period, billing_account_id, benefit)
    ),

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
            coalesce(lower(charge_type) = 'refund', false) as is_refund,
            -- FOCUS has Correction for what corrects a month invoiced before.
            case
                when lower(charge_type) <> 'refund'
                then null
                when
                    charge_date < cast(billing_period || '-01' as timestamp)
                    or (benefit is not null and not is_bought_on_this_bill)
                then 'Correction'
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
            cast(
                abs(coalesce(nullif(unit_price, 0), nullif(effective_price, 0)))
                * coalesce(exchange_rate, 1) as decimal(38, 12)
            ) as block_price,
            {{ quotient("abs(cost)", "abs(quantity)") }} as cost_of_one,
            greatest(
                coalesce(
                    try_cast(regexp_extract(unit_of_measure, '^\s*(\d+)', 1) as bigint),
                    1
                ),
                1
            ) * case
                upper({{ thousands }})
                when 'K'
                then 1000
                when 'M'
                then 1000000
                when 'B'
                then 1000000000
                else 1
            end as block_size,
            trim(
                if(
                    {{ thousands }} <> '',
                    regexp_replace(unit_of_measure, '^\s*\d+\s*[KkMmB]', ''),
                    regexp_replace(unit_of_measure, '^\s*\d+\s*', '')
                )
            ) as native_unit,
        from lines
    ),

    -- A price is for a block (of 10,000, say), but some exports count the blocks and
    -- others the units in them. What one of the quantity cost is near the price in the
    -- first case and a whole block size below it in the second; halfway between, on the
    -- scale of ratios, is the root of the block size.
    counted as (
        select
            *,
            block_size = 1
            or coalesce(
                least(ratio, 1000000) * least(ratio, 1000000) < block_size, false
            ) as counts_blocks,
        from
            (
                select *, {{ quotient("block_price", "cost_of_one") }} as ratio,
                from classified
            )
    )

select
    * exclude (block_price, cost_of_one, ratio, counts_blocks),
    if(is_paid_by_commitment, benefit, null) as commitment_id,
    is_priced_by_commitment
    and not is_commitment_fee
    and charge_category = 'Usage' as is_commitment_usage,
    coalesce(
        lower(benefit) like '%/microsoft.billingbenefits/%'
        or lower(replace(pricing_model, ' ', '')) = 'savingsplan',
        false
    ) as is_savings_plan,
    case
        when counts_blocks then quantity else {{ quotient("quantity", "block_size") }}
    end as block_count,
    case
        when counts_blocks
        then cast(quantity * block_size as decimal(38, 12))
        else quantity
    end as unit_count,
from counted
