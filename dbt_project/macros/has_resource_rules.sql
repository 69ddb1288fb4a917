{#- Whether a rule of this build asks for resources: only then are lines looked at for theirs. -#}
{% macro has_resource_rules() %}
    {% if not execute %} {{ return(false) }} {% endif %}
    {% set query %}
        select count(*) as rule_count
        from read_parquet('{{ inputs_folder() }}/ops/tag_rules.parquet')
        where resource_id is not null
    {% endset %}
    {{ return(run_query(query).rows[0]["rule_count"] > 0) }}
{% endmacro %}
