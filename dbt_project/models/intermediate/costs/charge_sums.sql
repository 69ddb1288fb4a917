-- depends_on: {{ ref('resource_rules') }}
with
    lines as ({{ lines_with_resource_rules() }}),

    rules as (select * from {{ ref("stg_ops_tag_rules") }}),

    sums as (
        select
            provider,
            billing_period,
            x_details_id,
            {{ hash_of(["tags", "x_cost_categories"]) }} as tag_set_id,
            resource_rules,
            cast(charge_period_start as date) as charge_date,
            count(*) as charge_count,
            sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost,
            sum(contracted_cost) as contracted_cost,
            sum(list_cost) as list_cost,
        from lines
        group by
            provider,
            billing_period,
            x_details_id,
            {{ hash_of(["tags", "x_cost_categories"]) }},
            resource_rules,
            cast(charge_period_start as date)
    ),

    detail_rules as (select * from {{ ref("detail_rules") }}),

    tag_set_parents as (select * from {{ ref("tag_set_parents") }})

    {{ placed_sums("sums") }}
