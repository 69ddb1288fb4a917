{#-
    A model kept as one Parquet file, `leaf`, per provider and billing period below `location`, and a view over them all.

    Only the periods in scope are written: one COPY each, to a temporary name that DuckDB renames when the file is whole.
    The pair is a literal in each COPY, because only literals keep DuckDB from opening the files of other periods. A period
    without rows becomes a file without rows, so what a bill withdrew is gone. Small row groups keep memory flat: each
    writing thread holds one. The folders are made by whoever starts dbt, since COPY makes none.

    The SELECT comes from the macro that `select_from_formats` names, called with a list of formats: with all of them for the
    model's own SQL, which lineage and documentation read, and with just those a period was delivered in for its COPY.
    Planning the SELECT over every format costs more than running it over a small month.

    A COPY that was killed leaves `tmp_<leaf>`; the view names the exact leaf and does not see it.
-#}
{% materialization partitioned_parquet, adapter = "duckdb" %}
    {%- set location = config.require("location") -%}
    {%- set leaf = config.require("leaf") ~ ".parquet" -%}
    {%- set files = (
        "read_parquet('"
        ~ location
        ~ "/provider=*/billing_period=*/"
        ~ leaf
        ~ "', "
        ~ "hive_partitioning = true, hive_types_autocast = false)"
    ) -%}
    {%- set target_relation = this.incorporate(type="view") -%}

    {{ run_hooks(pre_hooks) }}
    {%- if config.get("contract").enforced -%}
        {%- do get_assert_columns_equivalent(sql) -%}
    {%- endif -%}

    {%- set select_from = context[config.require("select_from_formats")] -%}
    {%- for row in periods_in_scope() %}
        {%- call statement("copy_" ~ loop.index) -%}
            copy (
                select * exclude (provider, billing_period)
                from ({{ select_from(row["source_formats"].split(",")) }})
                where provider = '{{ row["provider"] }}' and billing_period = '{{ row["billing_period"] }}'
            )
            to '{{ location }}/provider={{ row["provider"] }}/billing_period={{ row["billing_period"] }}/{{ leaf }}'
            (format parquet, compression snappy, row_group_size 40960, use_tmp_file true)
        {%- endcall -%}
    {%- endfor %}

    {%- call statement("main") -%}
        create or replace view {{ target_relation }} as (select * from {{ files }})
    {%- endcall -%}

    {{ run_hooks(post_hooks) }}
    {%- do persist_docs(target_relation, model) -%}
    {{ adapter.commit() }}
    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}
