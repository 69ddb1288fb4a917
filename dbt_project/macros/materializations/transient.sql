{#-
    A table for the running build alone: every build replaces it in place, since nobody else reads it. A view with
    `relation_type="view"`, for a SELECT that depends on the scope: a build leaves views of dbt's own kind as they are.
-#}
{% materialization transient, adapter = "duckdb" %}
    {%- set target_relation = this.incorporate(
        type=config.get("relation_type", "table")
    ) -%}

    {{ run_hooks(pre_hooks) }}
    {{ return(replace_relation(target_relation, sql)) }}
{% endmaterialization %}
