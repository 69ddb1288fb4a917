{#- Whether an Azure row is priced by a reservation or a savings plan; never null. Ingestion's control totals use the same test. -#}
{% macro azure_is_priced_by_commitment() -%}
    coalesce(
        lower(replace(pricing_model, ' ', '')) in ('reservation', 'savingsplan'), false
    )
{%- endmacro %}
