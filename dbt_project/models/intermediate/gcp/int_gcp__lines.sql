select lines.* exclude (native_tags), tag_sets.tags,
from {{ ref("stg_gcp_usage") }} as lines
left join
    {{ ref("int_gcp__tag_sets") }} as tag_sets
    on tag_sets.native_tags = lines.native_tags
