{#- A table, so that DuckDB knows how few they are: of a view it would rather hash every line of the bill. -#}
{{ config(materialized="transient") }}

select
    tag_columns,
    {{ json_from_prefixed("tag_columns", "resourceTags/|resource_tags_") }} as tags,
    {{ json_from_prefixed("tag_columns", "costCategory/|cost_category_") }}
    as x_cost_categories,
from (select distinct tag_columns from {{ ref("stg_aws_cur_legacy") }})
