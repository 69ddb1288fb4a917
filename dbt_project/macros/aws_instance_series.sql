{#- The series of an instance type, whatever its service puts around it: `m5` of `m5.large`, `ml.m5.large`, `m5.large.search`. -#}
{% macro aws_instance_series(instance_type) %}
    {{- return(adapter.dispatch("aws_instance_series", "finops")(instance_type)) -}}
{% endmacro %}

{% macro default__aws_instance_series(instance_type) -%}
    nullif(
        regexp_extract(
            regexp_replace({{ instance_type }}, '\.(search|elasticsearch)$', ''),
            '([^.]+)\.[^.]+$',
            1
        ),
        ''
    )
{%- endmacro %}
