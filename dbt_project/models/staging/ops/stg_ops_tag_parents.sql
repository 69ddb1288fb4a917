{{ config(materialized="view") }}

select parent_order, folded_key, id_prefixes,
from {{ source("ops", "tag_parents") }}
