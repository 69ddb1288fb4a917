{#-
    A table for all months. A build replaces the rows of the periods in its scope, in one transaction, and touches no
    others. The KPI layer is built by whole months: there it replaces those of the month, of whichever provider or none.
    dbt's own `incremental` writes every row twice, to a temporary table first.

    The model needs an enforced contract. A table that has other columns is one of another version of the project, and is
    refused: `LAYOUT` in `finops.transform.service` says when the whole warehouse is built again.
-#}
{% materialization replaced_periods, adapter = "duckdb" %}
    {%- set target_relation = this.incorporate(type="table") -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set columns = model.columns.keys() | join(", ") -%}

    {{ run_hooks(pre_hooks) }}
    {%- if existing_relation is none -%}
        {%- call statement("main") -%}
            {{ create_table_as(False, target_relation, sql) }}
        {%- endcall -%}
    {%- else -%}
        {%- do get_assert_columns_equivalent(sql) -%}
        {%- set found = (
            adapter.get_columns_in_relation(existing_relation)
            | map(attribute="name")
            | join(", ")
        ) -%}
        {%- if found != columns -%}
            {{
                exceptions.raise_compiler_error(
                    this ~ " has the columns " ~ found ~ " and not " ~ columns
                )
            }}
        {%- endif -%}
        {%- call statement("delete") -%}
            {{
                (
                    "delete from "
                    ~ target_relation
                    ~ " where "
                    ~ (is_month_in_scope() if "kpi" in model.tags else is_in_scope())
                )
            }}
        {%- endcall -%}
        {%- call statement("main") -%}
            insert into {{ target_relation }} ({{ columns }})
            select {{ columns }}
            from ({{ sql }})
        {%- endcall -%}
    {%- endif -%}

    {{ run_hooks(post_hooks) }}
    {%- do persist_docs(target_relation, model) -%}
    {{ adapter.commit() }}
    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}
