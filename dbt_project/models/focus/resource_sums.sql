{{
    config(
        materialized="kept_for_build",
        group="bills",
        access="protected",
        contract={"enforced": false},
    )
}}

-- depends_on: {{ ref('resource_rules') }}
with
    lines as ({{ lines_with_resource_rules() }}),

    rules as (select * from {{ ref("stg_ops_tag_rules") }}),

    detail_rules as (select * from {{ ref("detail_rules") }}),

    sums as (
        select
            provider,
            billing_period,
            x_details_id,
            {{ hash_of(["tags", "x_cost_categories"]) }} as tag_set_id,
            resource_rules,
            resource_id,
            cast(min(charge_period_start) as date) as first_date,
            cast(max(charge_period_start) as date) as charge_date,
            sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost,
        from lines
        where resource_id is not null
        group by
            provider,
            billing_period,
            x_details_id,
            {{ hash_of(["tags", "x_cost_categories"]) }},
            resource_rules,
            resource_id
    ),

    eras as ({{ rule_eras("sums") }}),

    placed as (
        select
            sums.*, detail_rules.rule_orders, detail_rules.required_keys, eras.rule_era,
        from sums
        inner join
            detail_rules
            on detail_rules.provider = sums.provider
            and detail_rules.billing_period = sums.billing_period
            and detail_rules.x_details_id = sums.x_details_id
        inner join eras on eras.charge_date = sums.charge_date
    )

select
    provider,
    billing_period,
    x_details_id,
    tag_set_id,
    {{ resolution_id() }} as resolution_id,
    resource_id,
    first_date,
    charge_date as last_date,
    billed_cost,
    effective_cost,
from placed
