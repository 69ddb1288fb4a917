{{ config(materialized="view") }}

select folded_key, tag_key,
from {{ source("ops", "tag_aliases") }}
