{{ config(materialized="ephemeral") }}

select *,
from {{ ref("int_gcp__classified") }}
where is_commitment_fee or is_covered_by_commitment
