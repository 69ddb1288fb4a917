{% set is_commitment_credit = "starts_with(c.type, 'COMMITTED_USAGE_DISCOUNT')" %}

with
    classified as (
        select
            *,
            {{ gcp_credit_total() }} as credit_total,
            {{ gcp_credit_total("c.type = 'PROMOTION'") }} as promotion_total,
            list_filter(
                credits, lambda c:{{ is_commitment_credit }}
            ) as commitment_credits,
            case
                when cost_type = 'tax'
                then 'Tax'
                when cost_type <> 'regular'
                then 'Adjustment'
                -- The fee of a commitment has a SKU of its own: "Commitment v1: Cpu in
                -- Americas for 1 Year".
                when regexp_matches(sku_description, '^(?i)commitment\b')
                then 'Purchase'
                else 'Usage'
            end as charge_category,
            coalesce(
                usage_amount_in_pricing_units, usage_amount
            ) as native_pricing_quantity,
            -- Google's days and months begin in California.
            cast(
                timezone(
                    'America/Los_Angeles', timezone('UTC', usage_start_time)
                ) as date
            ) as charge_day,
        from {{ ref("int_gcp__lines") }}
    ),

    lines as (
        select
            *,
            -- A promotion larger than what it pays for would turn the row negative and
            -- vanish in it: it stands apart.
            cost >= 0
            and cost + credit_total < 0
            and promotion_total < 0 as has_credit_apart,
            charge_category = 'Purchase' as is_commitment_fee,
            charge_category = 'Usage'
            and coalesce(len(commitment_credits), 0) > 0 as is_covered_by_commitment,
        from classified
    )

select
    *,
    cast(
        cost
        + credit_total
        - if(has_credit_apart, promotion_total, 0) as decimal(38, 12)
    ) as billed_cost,
    coalesce(
        commitment_credits[1].type like '%DOLLAR_BASE%',
        regexp_matches(sku_description, '(?i)dollar based'),
        false
    ) as is_spend_based,
from lines
