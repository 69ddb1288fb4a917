{#- The (provider, billing period) pairs this build replaces: rows with `provider`, `billing_period`,
    `source_formats`, the formats of its current deliveries, separated by commas, and whether the month `is_closed`. -#}
{% macro periods_in_scope() %}
    {% if not execute %} {{ return([]) }} {% endif %}
    {% set query %}
        select provider, billing_period, source_formats, is_closed
        from read_parquet('{{ inputs_folder() }}/ops/scope.parquet')
        order by provider, billing_period
    {% endset %}
    {{ return(run_query(query).rows) }}
{% endmacro %}
