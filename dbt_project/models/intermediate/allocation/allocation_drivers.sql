{{ config(materialized="view") }}

select
    billing_period,
    driver,
    cost_center,
    provider,
    cast(quantity as decimal(38, 12)) as quantity,
from {{ ref("stg_ops_allocation_drivers") }}
