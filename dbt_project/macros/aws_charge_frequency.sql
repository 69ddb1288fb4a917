{#- FOCUS ChargeFrequency of an AWS line, by its native type alone. -#}
{% macro aws_charge_frequency() -%}
    case
        line_item_line_item_type
        when 'Usage'
        then 'Usage-Based'
        when 'SavingsPlanCoveredUsage'
        then 'Usage-Based'
        when 'DiscountedUsage'
        then 'Usage-Based'
        when 'SavingsPlanRecurringFee'
        then 'Recurring'
        when 'RIFee'
        then 'Recurring'
        else 'One-Time'
    end
{%- endmacro %}
