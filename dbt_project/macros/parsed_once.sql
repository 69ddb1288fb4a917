{#-
    Staged lines that are read several times in a build, as a view. Where any of their files is CSV, the lines of each
    (provider, billing period) in scope are first written beside the inputs as Parquet, by one COPY each, and the view is
    over those: parsing a CSV costs more than all that is done with its lines. Landed Parquet is read where it lies.

    `source_format` names the folder of the inputs. The files go with the inputs, when the next build makes them anew.
-#}
{% materialization parsed_once, adapter = "duckdb" %}
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

    {%- call statement("main") -%}
        create or replace view {{ target_relation }} as (
        {% if is_text %} select * from read_parquet('{{ folder }}/*.parquet')
        {% else %} {{ sql }}
        {% endif %}
        )
    {%- endcall -%}

    {{ run_hooks(post_hooks) }}
    {%- do persist_docs(target_relation, model) -%}
    {{ adapter.commit() }}
    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}
