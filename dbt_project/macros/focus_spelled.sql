{#- The one of FOCUS's `allowed` values that a text means whatever its case, blanks and hyphens; null for any other. -#}
{% macro focus_spelled(column, allowed) -%}
    case
        lower(regexp_replace({{ column }}, '[ _-]', '', 'g'))
        {%- for value in allowed %}
            when '{{ value | lower | replace(" ", "") | replace("-", "") }}'
            then '{{ value }}'
        {%- endfor %}
    end
{%- endmacro %}
