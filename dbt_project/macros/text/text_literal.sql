{#- A text from configuration as a SQL literal, whatever it holds. -#}
{% macro text_literal(value) -%} {{- text_literals([value]) -}} {%- endmacro %}
