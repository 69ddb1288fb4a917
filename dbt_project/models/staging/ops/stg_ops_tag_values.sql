{{ config(materialized="view") }}

select tag_key, spelling, tag_value, is_allowed,
from {{ source("ops", "tag_values") }}
