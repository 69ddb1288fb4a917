{#- The month after a billing period, both as text, YYYY-MM. -#}
{% macro next_billing_period(period) -%}
    substr(
        cast(
            cast(
                cast({{ period }} || '-01' as date) + interval 1 month as date
            ) as varchar
        ),
        1,
        7
    )
{%- endmacro %}
