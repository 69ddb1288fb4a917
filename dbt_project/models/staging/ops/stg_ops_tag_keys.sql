{{ config(materialized="view") }}

select tag_key, key_order, is_listed, pattern, is_lower_case, dimension,
from {{ source("ops", "tag_keys") }}
