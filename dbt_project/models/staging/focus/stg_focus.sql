{{ config(materialized="parsed_once", source_format="focus") }}

{% set columns = focus_native_columns() %}

with
    from_parquet as (
        select
            provider as provider,
            source as source,
            billing_period as billing_period,
            {%- for name in columns["texts"] %}
                {{ text_of([name]) }} as {{ snake_case(name) }},
            {%- endfor %}
            -- A map in the file becomes text where it is read beside the empty file, in
            -- which it is text.
            {{ text_of(["Tags"]) }} as native_tags,
            {%- for name in columns["amounts"] %}
                {{ money(name) }} as {{ snake_case(name) }},
            {%- endfor %}
            {%- for name in columns["moments"] %}
                {{ moment_of(name) }} as {{ snake_case(name) }},
            {%- endfor %}
        from {{ source("landing_focus", "focus_parquet") }}
    ),

    from_csv as (
        select
            provider as provider,
            source as source,
            billing_period as billing_period,
            {%- for name in columns["texts"] %}
                {{ text_of([name]) }} as {{ snake_case(name) }},
            {%- endfor %}
            {{ text_of(["Tags"]) }} as native_tags,
            {%- for name in columns["amounts"] %}
                {{ money_from_text(name) }} as {{ snake_case(name) }},
            {%- endfor %}
            {%- for name in columns["moments"] %}
                {{ moment_of(text_of([name])) }} as {{ snake_case(name) }},
            {%- endfor %}
        from {{ source("landing_focus", "focus_csv") }}
    ),

    unioned as (
        select *
        from from_parquet
        union all by name
        select *
        from from_csv
    )

select *
from unioned
where {{ is_of_billing_period("billing_period_start") }}
