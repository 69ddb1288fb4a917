select lines.* exclude (tag_columns), tag_sets.tags, tag_sets.x_cost_categories,
from {{ ref("stg_aws_cur_legacy") }} as lines
left join
    {{ ref("int_aws_cur_legacy__tag_sets") }} as tag_sets
    on tag_sets.tag_columns = lines.tag_columns
