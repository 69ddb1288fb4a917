{#-
    Whether an Azure row is paid for by a reservation or a savings plan that was bought before, so that nothing is invoiced
    for it: its usage and what went unused. A fee that stands in the amortized export is spread there too. Never null.
    Ingestion's control totals use the same test.
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
