{#- The first of a column's names that is not null. -#}
{% macro first_of(names) -%}
    coalesce({% for name in names %}{{ adapter.quote(name) }}, {% endfor %} null)
{%- endmacro %}

{#- The first of a text column's names that holds something; an empty text is nothing. -#}
{% macro text_of(names) -%}
    coalesce(
        {%- for name in names %}
            nullif(cast({{ adapter.quote(name) }} as varchar), ''){{ "," }}
        {% endfor %} null
    )
{%- endmacro %}
