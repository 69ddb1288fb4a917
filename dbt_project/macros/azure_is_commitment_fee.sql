{#- Whether an Azure row buys, exchanges or gives back a reservation or a savings plan; never null. -#}
{% macro azure_is_commitment_fee() -%}
    (
        {{ azure_is_priced_by_commitment() }}
        and coalesce(lower(charge_type) in ('purchase', 'refund'), false)
    )
{%- endmacro %}
