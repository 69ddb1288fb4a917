{#- Whether a text fits one of a list of patterns (`*`, `?`). A list that is null asks for nothing. -#}
{% macro matches_any(expression, patterns) %}
    {{- return(adapter.dispatch("matches_any", "finops")(expression, patterns)) -}}
{% endmacro %}

{% macro default__matches_any(expression, patterns) -%}
    (
        {{ patterns }} is null
        or list_bool_or(
            list_transform(
                {{ patterns }}, lambda p:coalesce({{ expression }} glob p, false)
            )
        )
    )
{%- endmacro %}
