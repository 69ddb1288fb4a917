select
    *,
    {{ hash_of(aws_detail_columns()) }} as x_details_id,
    {{ aws_is_split_cost() }} as is_split_cost,
    coalesce(line_item_net_unblended_cost, line_item_unblended_cost) as invoiced_cost,
    case
        line_item_line_item_type
        when 'Usage'
        then 'usage'
        when 'SavingsPlanCoveredUsage'
        then 'plan_covered'
        when 'SavingsPlanNegation'
        then 'plan_negation'
        when 'DiscountedUsage'
        then 'reservation_covered'
        when 'SavingsPlanRecurringFee'
        then 'commitment_fee'
        when 'SavingsPlanUpfrontFee'
        then 'commitment_fee'
        when 'RIFee'
        then 'commitment_fee'
        when 'Fee'
        then 'fee'
        when 'Refund'
        then 'fee'
        when 'EdpDiscount'
        then 'discount'
        when 'PrivateRateDiscount'
        then 'discount'
        when 'BundledDiscount'
        then 'discount'
        when 'SppDiscount'
        then 'discount'
        when 'DistributorDiscount'
        then 'discount'
        else 'as_invoiced'
    end as line_rule,
from
    (
        select
            *,
            nullif(savings_plan_savings_plan_a_r_n, '') as savings_plan_id,
            nullif(reservation_reservation_a_r_n, '') as reservation_id,
            coalesce(line_item_resource_id <> '', false) as has_resource,
            -- FOCUS has Correction for what corrects a month invoiced before, so for no
            -- refund of this one.
            coalesce(
                line_item_line_item_type = 'Refund'
                and line_item_usage_start_date
                < cast(billing_period || '-01' as timestamp),
                false
            ) as corrects_earlier_period,
            -- Size-flexible reservations are counted in normalised units. A CASE, so
            -- that the amounts are cast for the few lines of reservations alone.
            case
                when reservation_reservation_a_r_n <> ''
                then
                    coalesce(
                        line_item_normalized_usage_amount > 0
                        or reservation_total_reserved_normalized_units > 0
                        or reservation_unused_normalized_unit_quantity > 0,
                        false
                    )
                else false
            end as is_normalized,
        from {{ ref("int_aws__lines_unioned") }}
    )
