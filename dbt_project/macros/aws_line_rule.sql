{#-
    How the amounts of an AWS line become FOCUS's, by its native type alone:

    usage                what was used, at the price invoiced
    plan_covered         usage that a savings plan pays: billed 0, effective at the plan's rate
    plan_negation        takes the price of covered usage back; folded into it
    reservation_covered  usage that a reservation pays: billed as invoiced (0), effective at the amortised rate
    commitment_fee       buys a commitment: billed the fee, effective 0, since its usage carries the amortised cost
    fee                  such a fee when the line names a commitment (`is_commitment_fee`), otherwise as invoiced
    discount             a discount that is a line of its own
    as_invoiced          one amount serves for all four
-#}
{% macro aws_line_rule() -%}
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
    end
{%- endmacro %}
