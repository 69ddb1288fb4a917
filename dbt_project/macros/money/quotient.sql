{#-
    `numerator` over `denominator`, both decimals with at most twelve decimals: a decimal with twelve, rounded half up, exactly;
    null over zero. A division of decimals is one of doubles in DuckDB, so whole numbers of 10⁻¹² are divided. Ten trillion
    times 10²⁴ is the most that fits; of more this is a long division, six digits at a time.
-#}
{% macro quotient(numerator, denominator) %}
    {{ return(adapter.dispatch("quotient", "finops")(numerator, denominator)) }}
{% endmacro %}

{% macro default__quotient(numerator, denominator) -%}
    {%- set n = whole_units(numerator) -%}
    {%- set d = "nullif(" ~ whole_units(denominator) ~ ", 0)" -%}
    {%- set at_once = (
        "divide("
        ~ n
        ~ " * 1000000000000 + divide("
        ~ d
        ~ ", 2), "
        ~ d
        ~ ")"
    ) -%}
    {%- set millions = "(" ~ n ~ " % " ~ d ~ ") * 1000000" -%}
    {%- set units = "(" ~ millions ~ " % " ~ d ~ ") * 1000000" -%}
    {%- set in_steps = (
        "divide("
        ~ n
        ~ ", "
        ~ d
        ~ ") * 1000000000000 + divide("
        ~ millions
        ~ ", "
        ~ d
        ~ ") * 1000000 + divide("
        ~ units
        ~ ", "
        ~ d
        ~ ") + if(2 * ("
        ~ units
        ~ " % "
        ~ d
        ~ ") >= "
        ~ d
        ~ ", 1, 0)"
    ) -%}
    {%- set found = (
        "case when abs("
        ~ numerator
        ~ ") < 10000000000000 then "
        ~ at_once
        ~ " else "
        ~ in_steps
        ~ " end"
    ) -%}
    {{ amount_of_units(found, [numerator, denominator]) }}
{%- endmacro %}

{#-
    `amount` times `weight` over `total`, multiplied before it is divided, so that a third of 30 is 10. Exact to the twelfth
    decimal where amount and weight are below ten million; above, the share is rounded to twelve decimals first.
-#}
{% macro portion(amount, weight, total) %}
    {{ return(adapter.dispatch("portion", "finops")(amount, weight, total)) }}
{% endmacro %}

{% macro default__portion(amount, weight, total) -%}
    {%- set d = "nullif(" ~ whole_units(total) ~ ", 0)" -%}
    {%- set exact = (
        "divide("
        ~ whole_units(amount)
        ~ " * "
        ~ whole_units(weight)
        ~ " + divide("
        ~ d
        ~ ", 2), "
        ~ d
        ~ ")"
    ) -%}
    case
        when abs({{ amount }}) < 10000000 and abs({{ weight }}) < 10000000
        then {{ amount_of_units(exact, [amount, weight, total]) }}
        else
            cast(
                {{ amount }} * {{ quotient(weight, total) }} as {{ var("money_type") }}
            )
    end
{%- endmacro %}

{#-
    The part of `amount` that lies between `until - weight` and `until` of `total`. Rows that run on from 0 to `total` have
    parts that add up to the amount exactly: each is the rounded sum up to its end, less that up to its beginning.
-#}
{% macro part_until(amount, until, weight, total) -%}
    case
        when {{ weight }} = {{ total }} and {{ until }} = {{ total }}
        then {{ amount }}
        else
            {{ portion(amount, until, total) }}
            - {{ portion(amount, "(" ~ until ~ " - " ~ weight ~ ")", total) }}
    end
{%- endmacro %}

{#- A decimal without its sign, as a whole number of 10⁻¹². -#}
{% macro whole_units(amount) -%}
    cast(
        replace(
            cast(abs(cast({{ amount }} as {{ var("money_type") }})) as varchar), '.', ''
        ) as hugeint
    )
{%- endmacro %}

{#- A whole number of 10⁻¹² as a decimal, with the sign that the product of `factors` has. -#}
{% macro amount_of_units(units, factors) -%}
    cast(
        cast({{ units }} as decimal(38, 0)) * cast(0.000000000001 as decimal(13, 12))
        {%- for factor in factors %}
            * if({{ factor }} < 0, -1, 1)
        {%- endfor %} as {{ var("money_type") }}
    )
{%- endmacro %}

{#-
    `amount` times `weight` over `total`, whole numbers both, cut after the twelfth decimal: quick, for millions of shares. What
    is cut is for the caller to place. The amount may be up to a hundred billion, the weights up to 10¹⁵ then.
-#}
{% macro cut_share(amount, weight, total) %}
    {{ return(adapter.dispatch("cut_share", "finops")(amount, weight, total)) }}
{% endmacro %}

{% macro default__cut_share(amount, weight, total) -%}
    cast(
        cast(
            divide(
                cast({{ amount }} * 1000000000000 as hugeint) * {{ weight }},
                nullif({{ total }}, 0)
            ) as decimal(38, 0)
        )
        * cast(0.000000000001 as decimal(13, 12)) as {{ var("money_type") }}
    )
{%- endmacro %}

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
