{#- The one value that a group has, or that it has several. -#}
{% macro one_or_several(column) -%}
    case when count(*) = 1 then min({{ column }}) else '(several)' end
{%- endmacro %}
