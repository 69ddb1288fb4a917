{#- What each cost centre has when the rules before `number` have run: its direct cost and every entry so far. -#}
{% macro allocation_balances(number) -%}
    select
        billing_period,
        provider,
        billing_currency,
        cost_center,
        billed_cost,
        effective_cost,
    from centers
    {%- for earlier in range(number) %}
        union all
        select
            billing_period,
            provider,
            billing_currency,
            cost_center,
            billed_cost,
            effective_cost,
        from entries_{{ earlier }}
    {%- endfor %}
{%- endmacro %}
