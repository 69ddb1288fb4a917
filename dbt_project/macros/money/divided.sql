{#-
    `dividend` divided by `divisor`, both decimals of at most twelve decimals and `divisor` above zero: twelve decimals,
    rounded towards zero, exactly. In whole numbers, because a division of decimals is one of doubles. The dividend is below
    10¹³ in size, so that its units of 10⁻¹² times 10¹² fit.
-#}
{% macro divided(dividend, divisor) %}
    {{ return(adapter.dispatch("divided", "finops")(dividend, divisor)) }}
{% endmacro %}

{% macro default__divided(dividend, divisor) -%}
    {%- set units = [] -%}
    {%- for each in (dividend, divisor) -%}
        {%- do units.append(
            "cast(replace(cast(cast("
            ~ each
            ~ " as "
            ~ var("money_type")
            ~ ") as varchar), '.', '') as hugeint)"
        ) -%}
    {%- endfor -%}
    cast(
        cast(divide({{ units[0] }} * 1000000000000, {{ units[1] }}) as decimal(25, 0))
        * cast(0.000000000001 as decimal(13, 12)) as {{ var("money_type") }}
    )
{%- endmacro %}
