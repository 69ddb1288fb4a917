{#- The machine that a service's instance type names, whatever is put around it: `m5.large` of `ml.m5.large` and of `m5.large.search`. -#}
{% macro aws_machine_type(instance_type) %}
    {{- return(adapter.dispatch("aws_machine_type", "finops")(instance_type)) -}}
{% endmacro %}

{% macro default__aws_machine_type(instance_type) -%}
    nullif(
        regexp_extract(
            regexp_replace({{ instance_type }}, '\.(search|elasticsearch)$', ''),
            '[^.]+\.[^.]+$'
        ),
        ''
    )
{%- endmacro %}
