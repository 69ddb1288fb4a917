{#- The value of a key in a map of text to text, null where the map has none. -#}
{% macro entry_of_map(map, key) %}
    {{- return(adapter.dispatch("entry_of_map", "finops")(map, key)) -}}
{% endmacro %}

{% macro default__entry_of_map(map, key) -%} {{ map }} ['{{ key }}'] {%- endmacro %}
