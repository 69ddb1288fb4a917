{#- A table that serves the running build alone: each makes it anew, in place, since nobody else reads it. -#}
{% materialization kept_for_build, adapter = "duckdb" %}
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
