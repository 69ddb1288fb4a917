{#- A text of names separated by commas as a list; empty text is an empty list. -#}
{% macro list_of_text(expression) -%}
    list_filter(string_split({{ expression }}, ','), lambda e:e <> '')
{%- endmacro %}
