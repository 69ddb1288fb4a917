{{ config(materialized="kept_for_build") }}

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
