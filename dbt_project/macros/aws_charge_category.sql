{#- FOCUS ChargeCategory of an AWS line, by its native type alone. An unknown type is an adjustment and keeps its name. -#}
{% macro aws_charge_category() -%}
    case
        line_item_line_item_type
        when 'Usage'
        then 'Usage'
        when 'SavingsPlanCoveredUsage'
        then 'Usage'
        when 'DiscountedUsage'
        then 'Usage'
        when 'SavingsPlanRecurringFee'
        then 'Purchase'
        when 'SavingsPlanUpfrontFee'
        then 'Purchase'
        when 'RIFee'
        then 'Purchase'
        when 'Fee'
        then 'Purchase'
        when 'Credit'
        then 'Credit'
        when 'EdpDiscount'
        then 'Credit'
        when 'PrivateRateDiscount'
        then 'Credit'
        when 'BundledDiscount'
        then 'Credit'
        when 'Tax'
        then 'Tax'
        else 'Adjustment'
    end
{%- endmacro %}
