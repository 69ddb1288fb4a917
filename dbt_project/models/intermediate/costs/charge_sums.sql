-- depends_on: {{ ref('resource_rules') }}
{#- Most builds have no rule about a resource, and their lines are not joined. -#}
{% set known_rules = load_relation(ref("resource_rules")) if execute %}
{% set has_resource_rules = (
    known_rules
    and run_query("select 1 from " ~ known_rules ~ " limit 1").rows | length
    > 0
) %}

with
    lines as (
        select
            lines.*,
            {% if has_resource_rules %}
                coalesce(resource_rules.resource_rules, '') as resource_rules,
            {% else %} '' as resource_rules,
            {% endif %}
        from {{ ref("focus_charges") }} as lines
        {% if has_resource_rules %}
            left join
                {{ ref("resource_rules") }} as resource_rules
                on resource_rules.provider = lines.provider
                and resource_rules.billing_period = lines.billing_period
                and resource_rules.resource_id = lines.resource_id
        {% endif %}
        where {{ is_in_scope("lines") }}
    ),

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
