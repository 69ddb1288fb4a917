{% set tag_prefix = "resourceTags/|resource_tags_" %}
{% set category_prefix = "costCategory/|cost_category_" %}

with
    lines as (select * from {{ ref("stg_aws_cur_legacy") }}),

    -- Taking the columns apart costs more than all else that is done with a line, and
    -- few combinations of them differ. The text alone is the key: a join on several
    -- columns would cost ten times as much.
    tag_sets as (
        select
            tag_columns as columns_of_tags,
            {{ json_from_prefixed("tag_columns", tag_prefix) }} as tags,
            {{ json_from_prefixed("tag_columns", category_prefix) }}
            as x_cost_categories,
        from (select distinct tag_columns from lines)
    )

select lines.* exclude (tag_columns), tag_sets.tags, tag_sets.x_cost_categories,
from lines
left join tag_sets on tag_sets.columns_of_tags = lines.tag_columns
