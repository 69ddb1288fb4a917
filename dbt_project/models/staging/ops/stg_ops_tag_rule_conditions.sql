{{ config(materialized="ephemeral") }}

select rule_order, tag_key, patterns,
from {{ source("ops", "tag_rule_conditions") }}
