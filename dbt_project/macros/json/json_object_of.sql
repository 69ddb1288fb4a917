{#- A JSON object, as text, of the pairs (key, SQL expression) whose value is not null; null when none is. -#}
{% macro json_object_of(pairs) %}
    {{- return(adapter.dispatch("json_object_of", "finops")(pairs)) -}}
{% endmacro %}

{% macro default__json_object_of(pairs) -%}
    nullif(
        cast(
            json_merge_patch(
                '{}',
                json_object(
                    {% for key, value in pairs %}
                        '{{ key }}', {{ value }}{{ "," if not loop.last }}
                    {% endfor %}
                )
            ) as varchar
        ),
        '{}'
    )
{%- endmacro %}
