{{
    config(
        materialized="kept_for_build",
        group="bills",
        access="protected",
        contract={"enforced": false},
    )
}}

with
    {% if has_resource_rules() %}
        rules as (
            select * from {{ ref("stg_ops_tag_rules") }} where resource_id is not null
        ),

        resources as (
            select distinct provider, billing_period, resource_id,
            from {{ ref("focus_charges") }}
            where resource_id is not null and {{ is_in_scope() }}
        ),
    {% else %}
        rules as (select * from {{ ref("stg_ops_tag_rules") }} where false),

        resources as (
            select provider, billing_period, resource_id,
            from {{ ref("focus_charges") }}
            where false
        ),
    {% endif %}

    matched as (
        select
            resources.provider,
            resources.billing_period,
            resources.resource_id,
            rules.rule_order,
        from resources
        inner join
            rules on {{ matches_any("resources.resource_id", "rules.resource_id") }}
    )

select
    provider,
    billing_period,
    resource_id,
    string_agg(cast(rule_order as varchar), ',' order by rule_order) as resource_rules,
from matched
group by provider, billing_period, resource_id
