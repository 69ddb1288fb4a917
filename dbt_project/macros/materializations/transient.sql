{#- A table for the running build alone: every build replaces it in place, since nobody else reads it. -#}
{% materialization transient, adapter = "duckdb" %}
    {%- set target_relation = this.incorporate(type="table") -%}

    {{ run_hooks(pre_hooks) }}
    {%- call statement("main") -%}
        create or replace table {{ target_relation }} as ({{ sql }})
    {%- endcall -%}

    {{ run_hooks(post_hooks) }}
    {%- do persist_docs(target_relation, model) -%}
    {{ adapter.commit() }}
    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}
