{#- The value of a key in a JSON object that is text, null where it has none or the text is empty. -#}
{% macro entry_of_json(json, key) %}
    {{- return(adapter.dispatch("entry_of_json", "finops")(json, key)) -}}
{% endmacro %}

{% macro default__entry_of_json(json, key) -%}
    json_extract_string(nullif({{ json }}, ''), '$.{{ key }}')
{%- endmacro %}
