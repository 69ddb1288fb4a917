{#-
    A text from configuration, or several between commas, as SQL literals, whatever they hold. One call serves a whole list:
    dbt takes a fifth of a millisecond for a call, and a rule may name hundreds of cost centres.
-#}
{% macro text_literal(values) -%}
    {%- for value in ([values] if values is string else values) -%}
        {{- "'" ~ (value | replace("'", "''")) ~ "'" -}} {{- ", " if not loop.last -}}
    {%- endfor -%}
{%- endmacro %}
