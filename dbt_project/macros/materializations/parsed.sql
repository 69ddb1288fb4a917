{#-
    A view of staged lines, which a build reads several times. Where any of their files is CSV, one COPY for each (provider,
    billing period) in scope first writes the lines as Parquet beside the inputs, and the view reads those: parsing a CSV
    costs more than everything that follows. Landed Parquet is read where it lies.

    `source_format` names the folder of the inputs. The next build removes them with its inputs.
-#}
{% materialization parsed, adapter = "duckdb" %}
    {%- set source_format = config.require("source_format") -%}
    {%- set folder = inputs_folder() ~ "/" ~ source_format -%}
    {%- set target_relation = this.incorporate(type="view") -%}
    {%- set is_text = (
        run_query(
            "select 1 from glob('"
            ~ folder
            ~ "/csv/*/*/*/*/*') where not ends_with(file, '/empty.csv') limit 1"
        ).rows
        | length
        > 0
    ) -%}

    {{ run_hooks(pre_hooks) }}
    {%- if is_text -%}
        {%- for row in periods_in_scope() if source_format in row["source_formats"].split(
            ","
        ) -%}
            {%- call statement("copy_" ~ loop.index) -%}
                copy (
                    select *
                    from ({{ sql }})
                    where provider = '{{ row["provider"] }}' and billing_period = '{{ row["billing_period"] }}'
                )
                to '{{ folder }}/{{ row["provider"] }}-{{ row["billing_period"] }}.parquet'
                (format parquet, compression snappy, row_group_size 40960)
            {%- endcall -%}
        {%- endfor -%}
    {%- endif -%}

    {%- set staged = "select * from read_parquet('" ~ folder ~ "/*.parquet')" -%}
    {{ return(replace_relation(target_relation, staged if is_text else sql)) }}
{% endmaterialization %}
