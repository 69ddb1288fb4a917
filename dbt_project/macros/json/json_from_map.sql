{#- A map of text to text as a JSON object, in the map's own order; null for a map without entries. -#}
{% macro json_from_map(expression) %}
    {{- return(adapter.dispatch("json_from_map", "finops")(expression)) -}}
{% endmacro %}

{% macro default__json_from_map(expression) -%}
    nullif(cast(to_json({{ expression }}) as varchar), '{}')
{%- endmacro %}
