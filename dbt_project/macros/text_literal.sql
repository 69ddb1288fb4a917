{#- A text from configuration as a SQL literal, whatever it holds. -#}
{% macro text_literal(value) -%}
    {{- dbt.string_literal(dbt.escape_single_quotes(value)) -}}
{%- endmacro %}
