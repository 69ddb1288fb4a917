{{ config(materialized="kept_for_build") }}

select native_tags, {{ json_from_text("native_tags") }} as tags,
from (select distinct native_tags from {{ ref("stg_focus") }})
where native_tags is not null
