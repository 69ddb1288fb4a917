{#- The last part of an id or a path, after any `/` and `:`. -#}
{% macro last_part_of(text) -%}
    split_part(split_part({{ text }}, '/', -1), ':', -1)
{%- endmacro %}
