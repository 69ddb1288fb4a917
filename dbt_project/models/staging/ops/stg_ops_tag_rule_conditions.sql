{{ config(materialized="view") }}

select rule_order, tag_key, patterns,
from {{ source("ops", "tag_rule_conditions") }}
