{#-
    A model kept as one Parquet file, `leaf`, per provider and billing period below `location`, and a view over them all.

    Only the periods in scope are written: one COPY each, to a temporary name that DuckDB renames when the file is whole.
    The pair is a literal in each COPY, because only literals keep DuckDB from opening the files of other periods. A period
    without rows becomes a file without rows, so what a bill withdrew is gone. Small row groups keep memory flat: each
    writing thread holds one. The folders are made by whoever starts dbt, since COPY makes none.

    The model is a UNION ALL of one SELECT from each mapping. The COPY of a period keeps those of the formats it was
    delivered in: planning all of them costs more than running a small month.

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

    {%- for row in periods_in_scope() %}
        {%- call statement("copy_" ~ loop.index) -%}
            copy (
                select * exclude (provider, billing_period)
                from ({{ delivered_branches(sql, row["source_formats"]) }})
                where provider = '{{ row["provider"] }}' and billing_period = '{{ row["billing_period"] }}'
            )
            to '{{ location }}/provider={{ row["provider"] }}/billing_period={{ row["billing_period"] }}/{{ leaf }}'
            (format parquet, compression snappy, row_group_size 40960, use_tmp_file true)
        {%- endcall -%}
    {%- endfor %}

    {{ return(replace_relation(target_relation, "select * from " ~ files)) }}
{% endmaterialization %}

{#- The SELECTs of a UNION ALL from `int_<cloud>__…`, of the clouds with which the names of these formats begin. -#}
{% macro delivered_branches(sql, source_formats) -%}
    {%- set delivered = [] -%}
    {%- for branch in sql.split("union all") -%}
        {%- for format in source_formats.split(",") if branch not in delivered -%}
            {%- if "int_" ~ format.split("_")[0] ~ "__" in branch -%}
                {%- do delivered.append(branch) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ delivered | join("union all") }}
{%- endmacro %}
