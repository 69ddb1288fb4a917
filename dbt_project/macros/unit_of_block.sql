{#- The unit in Azure's unit of measure, in lower case and without its number: `gb/month` of `100 GB/Month`. -#}
{% macro unit_of_block(unit_of_measure) %}
    {{- return(adapter.dispatch("unit_of_block", "finops")(unit_of_measure)) -}}
{% endmacro %}

{% macro default__unit_of_block(unit_of_measure) -%}
    lower(
        trim(
            regexp_replace({{ unit_of_measure }}, '^\s*\d+\s*([KkMm]($|[\s/]))?', '\2')
        )
    )
{%- endmacro %}
