{{ config(materialized="ephemeral") }}

select tag_key, spelling, tag_value, is_allowed,
from {{ source("ops", "tag_values") }}
