{#- Line types of which few lines exist and whose amounts follow rules of their own; see `aws_charge_branches`. -#}
{% macro aws_fee_types() -%}
    'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee', 'RIFee', 'Fee', 'Refund'
{%- endmacro %}
