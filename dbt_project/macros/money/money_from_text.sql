{#- An amount that a bill holds as text, at the platform's scale. An empty text is no amount. -#}
{% macro money_from_text(expression) %}
    {{- return(adapter.dispatch("money_from_text", "finops")(expression)) -}}
{% endmacro %}

{% macro default__money_from_text(expression) -%}
    cast(nullif({{ expression }}, '') as decimal(38, 12))
{%- endmacro %}
