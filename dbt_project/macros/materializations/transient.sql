{#-
    A table for the running build alone: every build replaces it in place, since nobody else reads it. A view with
    `relation_type="view"`, for a SELECT that depends on the scope: a build leaves views of dbt's own kind as they are.
-#}
{% materialization transient, adapter = "duckdb" %}
    {%- set relation_type = config.get("relation_type", "table") -%}
    {%- set target_relation = this.incorporate(type=relation_type) -%}

    {{ run_hooks(pre_hooks) }}
    {%- call statement("main") -%}
        create or replace {{ relation_type }} {{ target_relation }} as ({{ sql }})
    {%- endcall -%}

    {{ run_hooks(post_hooks) }}
    {%- do persist_docs(target_relation, model) -%}
    {{ adapter.commit() }}
    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}
