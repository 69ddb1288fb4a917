{#- Whether this build has resources that rules ask for, or that name themselves: only then are lines looked at for theirs. -#}
{% macro has_resource_rules() %}
    {% if not execute %} {{ return(false) }} {% endif %}
    {% set resource_rules = load_relation(ref("resource_rules")) %}
    {% if resource_rules is none %} {{ return(false) }} {% endif %}
    {% set query %} select resource_id, from {{ resource_rules }} limit 1 {% endset %}
    {{ return(run_query(query).rows | length > 0) }}
{% endmacro %}
