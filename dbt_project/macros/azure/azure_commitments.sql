{#-
    How a row of an Azure cost export relates to a reservation or a savings plan. None of these is ever null. Ingestion's
    control totals use the same tests.
-#}
{#- Whether it prices the row. -#}
{% macro azure_is_priced_by_commitment() -%}
    coalesce(
        lower(replace(pricing_model, ' ', '')) in ('reservation', 'savingsplan'), false
    )
{%- endmacro %}

{#- Whether the row buys it, exchanges it or gives it back. -#}
{% macro azure_is_commitment_fee() -%}
    (
        {{ azure_is_priced_by_commitment() }}
        and coalesce(lower(charge_type) in ('purchase', 'refund'), false)
    )
{%- endmacro %}

{#-
    Whether it pays for the row, so that nothing is invoiced for it: usage and what went unused. A fee in the amortized
    export is spread over both, and counts too.
-#}
{% macro azure_is_paid_by_commitment() -%}
    (
        {{ azure_is_priced_by_commitment() }}
        and coalesce(
            lower(charge_type) in (
                'usage', 'unusedreservation', 'unusedsavingsplan', 'purchase', 'refund'
            ),
            false
        )
    )
{%- endmacro %}

{#- The reservation, savings plan or order that it names. -#}
{% macro azure_benefit() -%}
    coalesce(benefit_id, reservation_id, product_order_id)
{%- endmacro %}
