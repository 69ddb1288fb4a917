{#- The entries of a JSON object of text values as a lateral relation of `native_key` and `value`. -#}
{% macro json_entries(expression) %}
    {{- return(adapter.dispatch("json_entries", "finops")(expression)) -}}
{% endmacro %}

{% macro default__json_entries(expression) -%}
    (
        select
            unnest(json_keys({{ expression }})) as native_key,
            unnest(json_extract_string({{ expression }}, '$.*')) as value
    )
{%- endmacro %}
