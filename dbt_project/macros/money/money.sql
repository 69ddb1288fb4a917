{#-
    An amount, price or quantity at the platform's scale, rounded once. Text is cast directly. Of binary doubles those
    below 4096 in size are exact to the twelfth decimal; larger ones go through their shortest text, so that
    12345.67 stays 12345.67. Ingestion casts with the same expression, which is why the totals agree to the last digit.
-#}
{% macro money(expression) -%}
    case
        when abs({{ expression }}) < 4096
        then cast({{ expression }} as {{ var("money_type") }})
        else cast(cast({{ expression }} as varchar) as {{ var("money_type") }})
    end
{%- endmacro %}

{#- An amount that a bill holds as text, at the platform's scale. An empty text is no amount. -#}
{% macro money_from_text(expression) -%}
    cast(nullif({{ expression }}, '') as {{ var("money_type") }})
{%- endmacro %}
