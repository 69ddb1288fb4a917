{#-
    Whether a refund of a commitment gives its fee back, as its description tells ("Savings Plan return"). Others name the
    plan too and are discounts on it (of an enterprise or private pricing agreement, of a reseller): what they take off is
    effective. One that tells neither is no return.
-#}
{% set is_return %}
    (
        coalesce(
            regexp_matches(
                line_item_line_item_description,
                '(?i)\b(return(s|ed|ing)?|refund(s|ed|ing)?|cancel(s|l?ed|l?ing|lation)?|revers(ed|al))\b'
            ),
            false
        )
        and not regexp_matches(
            line_item_line_item_description,
            '(?i)\b(discounts?|edp|ppa|spp|enterprise|private|bundled|credits?|tax(es)?|vat)\b'
        )
    )
{% endset %}

with
    fees as (
        select
            *,
            (
                line_rule = 'commitment_fee'
                or savings_plan_id is not null
                or reservation_id is not null
                or coalesce(line_item_product_code like '%SavingsPlans', false)
            )
            and (
                line_item_line_item_type <> 'Refund' or {{ is_return }}
            ) as is_of_commitment,
            greatest(
                savings_plan_total_commitment_to_date - savings_plan_used_commitment, 0
            ) as unused_commitment,
            savings_plan_recurring_commitment_for_billing_period
            + savings_plan_amortized_upfront_commitment_for_billing_period
            as gross_commitment,
            coalesce(
                savings_plan_net_recurring_commitment_for_billing_period,
                savings_plan_recurring_commitment_for_billing_period
            ) + coalesce(
                savings_plan_net_amortized_upfront_commitment_for_billing_period,
                savings_plan_amortized_upfront_commitment_for_billing_period
            ) as net_commitment,
        from {{ ref("int_aws__lines_classified") }}
        where line_rule in ('commitment_fee', 'fee') and not is_split_cost
    ),

    -- A recurring fee yields a second charge: what the commitment cost and nobody used.
    charges as (
        select
            *,
            case when kind = 'line' then invoiced_cost else 0 end as billed_cost,
            case
                -- The usage that a commitment pays carries its fees and their refunds.
                when kind = 'line' and is_of_commitment
                then 0
                when kind = 'line'
                then invoiced_cost
                when line_item_line_item_type = 'RIFee'
                then
                    coalesce(
                        reservation_net_unused_amortized_upfront_fee_for_billing_period,
                        reservation_unused_amortized_upfront_fee_for_billing_period,
                        0
                    ) + coalesce(
                        reservation_net_unused_recurring_fee,
                        reservation_unused_recurring_fee,
                        0
                    )
                -- A discount on the plan's fees is one on what of them is wasted.
                when net_commitment <> gross_commitment and gross_commitment <> 0
                then
                    {{
                        portion(
                            "unused_commitment", "net_commitment", "gross_commitment"
                        )
                    }}
                else coalesce(unused_commitment, 0)
            end as effective_cost,
            case
                when kind = 'unused' and line_item_line_item_type = 'RIFee'
                then
                    coalesce(
                        if(
                            is_normalized,
                            reservation_unused_normalized_unit_quantity,
                            null
                        ),
                        reservation_unused_quantity,
                        0
                    )
                when kind = 'unused'
                then unused_commitment
                when line_item_line_item_type = 'SavingsPlanRecurringFee'
                then
                    coalesce(
                        savings_plan_recurring_commitment_for_billing_period,
                        line_item_unblended_cost
                    )
                when
                    line_item_line_item_type = 'SavingsPlanUpfrontFee'
                    or (
                        line_item_line_item_type = 'Fee' and savings_plan_id is not null
                    )
                then line_item_unblended_cost
                when
                    line_item_line_item_type in ('RIFee', 'Fee')
                    and reservation_id is not null
                then
                    coalesce(
                        if(
                            is_normalized,
                            reservation_total_reserved_normalized_units,
                            null
                        ),
                        if(is_normalized, line_item_normalized_usage_amount, null),
                        reservation_total_reserved_units,
                        line_item_usage_amount
                    )
            end as commitment_discount_quantity,
        from fees
        cross join (values ('line'), ('unused')) as yielded(kind)
        where
            kind = 'line'
            or line_item_line_item_type in ('SavingsPlanRecurringFee', 'RIFee')
    )

select
    provider,
    billing_period,
    if(
        kind = 'unused', {{ hash_of(["'unused'", "x_details_id"]) }}, x_details_id
    ) as x_details_id,
    x_cost_categories,
    tags,
    coalesce(
        nullif(line_item_resource_id, ''), savings_plan_id, reservation_id
    ) as resource_id,
    line_item_usage_start_date as charge_period_start,
    line_item_usage_end_date as charge_period_end,
    case
        when kind = 'unused'
        then commitment_discount_quantity
        when line_item_line_item_type <> 'Refund'
        then line_item_usage_amount
    end as pricing_quantity,
    billed_cost,
    effective_cost,
    -- No price of the bill but the commitment's own: see the model's description.
    effective_cost as contracted_cost,
    effective_cost as list_cost,
    commitment_discount_quantity,
from charges
where kind = 'line' or effective_cost <> 0
