{#- Whether a description of charges, `details`, meets every describing condition of `scope`, a row of the tag policy. -#}
{% macro is_in_tag_scope(details, scope) -%}
    {%- for column in tag_scope_columns() %}
        {{ matches_any(details ~ "." ~ column, scope ~ "." ~ column) }} and
    {%- endfor %}
    coalesce({{ scope }}.has_resource = ({{ details }}.resource_type is not null), true)
{%- endmacro %}
