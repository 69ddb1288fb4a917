{{ config(materialized="view") }}

select value_source, source_rank,
from {{ source("ops", "tag_sources") }}
