{#-
    A view, made in one statement. dbt's own is made under another name, then renamed, for databases that cannot replace
    one; with half a hundred views that takes longer than the tables of a small month. A table of that name is dropped.
-#}
{% materialization view, adapter = "duckdb" %}
    {%- set target_relation = this.incorporate(type="view") -%}
    {%- set existing_relation = load_cached_relation(this) -%}

    {{ run_hooks(pre_hooks) }}
    {%- if existing_relation is not none and not existing_relation.is_view -%}
        {%- do adapter.drop_relation(existing_relation) -%}
    {%- endif -%}
    {{ return(replace_relation(target_relation, sql)) }}
{% endmaterialization %}

{#- The last step of a materialization: the view or table, in one statement, and what follows it. -#}
{% macro replace_relation(target_relation, select) %}
    {%- call statement("main") -%}
        create or replace {{ target_relation.type }} {{ target_relation }} as ({{ select }})
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- do persist_docs(target_relation, model) -%}
    {{ adapter.commit() }}
    {{ return({"relations": [target_relation]}) }}
{% endmacro %}
