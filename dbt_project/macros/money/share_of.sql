{#-
    What part `weight` is of `total`, both decimals with twelve decimals and `total` above zero: twelve decimals, rounded
    down, exactly. Two steps of a long division in whole numbers, six digits each, because a division of decimals is one of
    doubles, and the product of a weight and 10¹² would not fit.
-#}
{% macro share_of(weight, total) %}
    {{ return(adapter.dispatch("share_of", "finops")(weight, total)) }}
{% endmacro %}

{% macro default__share_of(weight, total) -%}
    {%- set whole_weight = (
        "cast(replace(cast(" ~ weight ~ " as varchar), '.', '') as hugeint)"
    ) -%}
    {%- set whole_total = (
        "cast(replace(cast(" ~ total ~ " as varchar), '.', '') as hugeint)"
    ) -%}
    cast(
        cast(divide({{ whole_weight }} * 1000000, {{ whole_total }}) as decimal(7, 0))
        * cast(0.000001 as decimal(7, 6))
        + cast(
            divide(
                (({{ whole_weight }} * 1000000) % {{ whole_total }}) * 1000000,
                {{ whole_total }}
            ) as decimal(6, 0)
        )
        * cast(0.000000000001 as decimal(13, 12)) as decimal(13, 12)
    )
{%- endmacro %}
