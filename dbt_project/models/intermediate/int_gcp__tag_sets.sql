{{ config(materialized="transient") }}

select native_tags, {{ gcp_tags("native_tags") }} as tags,
from
    (
        select native_tags
        from {{ ref("stg_gcp_detailed") }}
        union
        select native_tags
        from {{ ref("stg_gcp_standard") }}
    )
