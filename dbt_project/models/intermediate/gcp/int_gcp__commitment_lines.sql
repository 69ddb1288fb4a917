{{ config(materialized="ephemeral") }}

select
    *,
    -- Google's days begin in California.
    cast(
        timezone('America/Los_Angeles', timezone('UTC', usage_start_time)) as date
    ) as charge_day,
from {{ ref("int_gcp__classified") }}
where is_commitment_fee or is_covered_by_commitment
