{{ config(materialized="transient") }}

select native_tags, {{ json_from_text("native_tags") }} as tags,
from (select distinct native_tags from {{ ref("stg_focus") }})
where native_tags is not null
