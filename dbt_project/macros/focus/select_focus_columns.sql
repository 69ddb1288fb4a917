{#-
    The final select of a mapping: every column of `focus_columns()` from `relation`, by name. A FOCUS column that the
    format has nothing for is named in `absent` and becomes a typed null; a column that is in neither fails the build by
    its name.
-#}
{% macro select_focus_columns(relation, absent=[]) %}
    select
        {%- for name, type in focus_columns() %}
            {% if name in absent %} cast(null as {{ type }}) as {{ name }}
            {% else %} {{ name }}
            {% endif %},
        {%- endfor %}
    from {{ relation }}
{% endmacro %}
