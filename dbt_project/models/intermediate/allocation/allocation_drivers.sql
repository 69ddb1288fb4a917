{{ config(materialized="view") }}

select
    billing_period,
    driver,
    unit,
    cost_center,
    provider,
    cast(quantity as {{ var("money_type") }}) as quantity,
from {{ ref("stg_ops_allocation_drivers") }}
