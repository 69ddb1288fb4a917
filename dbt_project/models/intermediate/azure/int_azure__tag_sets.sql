{{ config(materialized="transient") }}

select native_tags, {{ json_from_text("native_tags") }} as tags,
from
    (
        select native_tags
        from {{ ref("stg_azure_amortized") }}
        union
        select native_tags
        from {{ ref("stg_azure_actual") }}
    )
where native_tags is not null
