with
    resource_sums as (select * from {{ ref("resource_sums") }}),

    resource_rules as (select * from {{ ref("resource_rules") }}),

    rules as (select * from {{ ref("stg_ops_tag_rules") }}),

    detail_rules as (select * from {{ ref("detail_rules") }}),

    tag_set_parents as (select * from {{ ref("tag_set_parents") }}),

    sums as (
        select
            resource_sums.*,
            resource_sums.last_date as charge_date,
            coalesce(resource_rules.resource_rules, '') as resource_rules,
        from resource_sums
        left join
            resource_rules
            on resource_rules.provider = resource_sums.provider
            and resource_rules.billing_period = resource_sums.billing_period
            and resource_rules.resource_id = resource_sums.resource_id
    )

select
    provider,
    billing_period,
    x_details_id,
    tag_set_id,
    resolution_id,
    resource_id,
    first_date,
    last_date,
    billed_cost,
    effective_cost,
from ({{ placed_sums("sums") }})
