select lines.* exclude (native_tags), tag_sets.tags,
from {{ ref("stg_focus") }} as lines
left join
    {{ ref("int_focus__tag_sets") }} as tag_sets
    on tag_sets.native_tags = lines.native_tags
