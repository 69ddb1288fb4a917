{#- An amount that a bill holds as text, at the platform's scale. An empty text is no amount. -#}
{% macro money_from_text(expression) -%}
    cast(nullif({{ expression }}, '') as {{ var("money_type") }})
{%- endmacro %}
