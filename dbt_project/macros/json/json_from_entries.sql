{#- A map of text to text as a JSON object, in the map's own order; null for a map without entries. -#}
{% macro json_from_map(expression) %}
    {{- return(adapter.dispatch("json_from_map", "finops")(expression)) -}}
{% endmacro %}

{% macro default__json_from_map(expression) -%}
    nullif(cast(to_json({{ expression }}) as varchar), '{}')
{%- endmacro %}

{#-
    A list of structs with `key` and `value` (text) as a JSON object, its keys sorted. Of a repeated key the first entry
    counts, so whoever joins lists puts the one that has precedence first. Null when there is no entry.
-#}
{% macro json_from_entries(entries) %}
    {{- return(adapter.dispatch("json_from_entries", "finops")(entries)) -}}
{% endmacro %}

{% macro default__json_from_entries(entries) -%}
    {%- set first_of_each_key -%}
list_filter({{ entries }}, lambda e, i: list_position([k.key for k in {{ entries }}], e.key) = i)
    {%- endset -%}
    {{ json_from_map("map_from_entries(list_sort(" ~ first_of_each_key ~ "))") }}
{%- endmacro %}
