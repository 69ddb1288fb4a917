{{ config(materialized="view") }}

select rule_order, tag_key, tag_value, source_rank,
from {{ source("ops", "tag_rule_values") }}
