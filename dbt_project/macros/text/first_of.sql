{#- The first of a column's names that is not null. -#}
{% macro first_of(names) -%}
    coalesce({% for name in names %}{{ adapter.quote(name) }}, {% endfor %} null)
{%- endmacro %}
