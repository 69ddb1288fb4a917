-- The standard export lacks the resource and the price of a row.
with
    lines as (
        select *, 'gcp_detailed' as source_format
        from {{ ref("stg_gcp_detailed") }}
        union all by name
        select *, 'gcp_standard' as source_format
        from {{ ref("stg_gcp_standard") }}
    )

select lines.* exclude (native_tags), tag_sets.tags,
from lines
left join
    {{ ref("int_gcp__tag_sets") }} as tag_sets
    on tag_sets.native_tags = lines.native_tags
