{#-
    Two JSON objects without common keys as one, null when there is neither. The conditions are arguments of their own:
    asking the JSON itself would compute it twice for every line.
-#}
{% macro json_merged(first, has_first, second, has_second) %}
    {{-
        return(
            adapter.dispatch("json_merged", "finops")(
                first, has_first, second, has_second
            )
        )
    -}}
{% endmacro %}

{% macro default__json_merged(first, has_first, second, has_second) -%}
    case
        when {{ has_first }} and {{ has_second }}
        then left({{ first }}, -1) || ',' || substr({{ second }}, 2)
        when {{ has_first }}
        then {{ first }}
        when {{ has_second }}
        then {{ second }}
    end
{%- endmacro %}
