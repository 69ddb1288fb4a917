{#- How many units Azure's unit of measure holds: 10000 for `10K`, 100 for `100 GB/Month`, 1 where none is named. -#}
{% macro block_size_of(unit_of_measure) %}
    {{- return(adapter.dispatch("block_size_of", "finops")(unit_of_measure)) -}}
{% endmacro %}

{% macro default__block_size_of(unit_of_measure) -%}
    greatest(
        coalesce(
            try_cast(regexp_extract({{ unit_of_measure }}, '^\s*(\d+)', 1) as bigint), 1
        ),
        1
    ) * case
        upper(regexp_extract({{ unit_of_measure }}, '^\s*\d+\s*([KkMm])(?:$|[\s/])', 1))
        when 'K'
        then 1000
        when 'M'
        then 1000000
        else 1
    end
{%- endmacro %}
