with
    resource_sums as (select * from {{ ref("resource_sums") }}),

    tag_set_parents as (select * from {{ ref("tag_set_parents") }}),

    rules as (
        select * from {{ ref("stg_ops_tag_rules") }} where resource_id is not null
    ),

    matched as (
        select
            resource_sums.provider,
            resource_sums.billing_period,
            resource_sums.resource_id,
            rules.rule_order,
            cast(rules.rule_order as varchar) as resource_rule,
        from resource_sums
        inner join
            rules on {{ matches_any("resource_sums.resource_id", "rules.resource_id") }}
    ),

    named as (
        select
            resource_sums.provider,
            resource_sums.billing_period,
            resource_sums.resource_id,
            tag_set_parents.resource_id = resource_sums.resource_id as is_itself,
            tag_set_parents.parent_tag_set_id
            is distinct from resource_sums.tag_set_id as is_other,
        from resource_sums
        inner join
            tag_set_parents
            on tag_set_parents.provider = resource_sums.provider
            and tag_set_parents.billing_period = resource_sums.billing_period
            and tag_set_parents.tag_set_id = resource_sums.tag_set_id
    ),

    -- A resource that names itself inherits nothing. Where there is nothing to inherit
    -- anyway, its lines need not be told apart.
    selves as (
        select provider, billing_period, resource_id,
        from named
        group by provider, billing_period, resource_id
        having bool_or(is_itself) and bool_or(is_other)
    )

select
    provider,
    billing_period,
    resource_id,
    string_agg(resource_rule, ',' order by rule_order) as resource_rules,
from
    (
        select *,
        from matched
        union
        select *, 0 as rule_order, 'self' as resource_rule,
        from selves
    )
group by provider, billing_period, resource_id
