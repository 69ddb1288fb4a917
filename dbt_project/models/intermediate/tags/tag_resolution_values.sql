with
    charge_sums as (select * from {{ ref("charge_sums") }}),

    tag_set_values as (select * from {{ ref("tag_set_values") }}),

    rules as (select * from {{ ref("stg_ops_tag_rules") }}),

    rule_values as (select * from {{ ref("stg_ops_tag_rule_values") }}),

    sources as (select * from {{ ref("stg_ops_tag_sources") }}),

    conditions as (select * from {{ ref("stg_ops_tag_rule_conditions") }}),

    resolutions as (
        select distinct
            provider,
            billing_period,
            resolution_id,
            tag_set_id,
            rule_orders,
            resource_rules,
            rule_era,
            parents,
        from charge_sums
    ),

    rules_met_by_tags as (
        select
            tag_set_values.provider,
            tag_set_values.billing_period,
            tag_set_values.tag_set_id,
            conditions.rule_order,
            count(*) as conditions_met,
        from tag_set_values
        inner join conditions on conditions.tag_key = tag_set_values.tag_key
        where
            tag_set_values.found_value is not null
            and (
                {{ matches_any("tag_set_values.found_value", "conditions.patterns") }}
                or {{ matches_any("tag_set_values.own_value", "conditions.patterns") }}
            )
        group by
            tag_set_values.provider,
            tag_set_values.billing_period,
            tag_set_values.tag_set_id,
            conditions.rule_order
    ),

    candidates as (
        select
            resolutions.provider,
            resolutions.billing_period,
            resolutions.resolution_id,
            cast(rule_order as integer) as rule_order,
            resolutions.tag_set_id,
            resolutions.resource_rules,
            resolutions.rule_era,
        from
            resolutions,
            unnest({{ list_of_text("resolutions.rule_orders") }}) as t(rule_order)
    ),

    applied as (
        select
            candidates.provider,
            candidates.billing_period,
            candidates.resolution_id,
            rules.rule_order,
            rules.value_source,
        from candidates
        inner join rules on rules.rule_order = candidates.rule_order
        left join
            rules_met_by_tags
            on rules_met_by_tags.provider = candidates.provider
            and rules_met_by_tags.billing_period = candidates.billing_period
            and rules_met_by_tags.tag_set_id = candidates.tag_set_id
            and rules_met_by_tags.rule_order = candidates.rule_order
        where
            coalesce(rules_met_by_tags.conditions_met, 0) = rules.tag_conditions
            and (
                rules.resource_id is null
                or list_contains(
                    {{ list_of_text("candidates.resource_rules") }},
                    cast(rules.rule_order as varchar)
                )
            )
            and coalesce(rules.from_date <= candidates.rule_era, true)
            and coalesce(rules.to_date > candidates.rule_era, true)
    ),

    inherited as (
        select
            provider,
            billing_period,
            resolution_id,
            parent,
            list_position({{ list_of_text("parents") }}, parent) as position,
        from resolutions, unnest({{ list_of_text("parents") }}) as t(parent)
    ),

    known as (
        select
            resolutions.provider,
            resolutions.billing_period,
            resolutions.resolution_id,
            tag_set_values.tag_key,
            tag_set_values.tag_value,
            tag_set_values.value_source,
            tag_set_values.source_rank,
        from resolutions
        inner join
            tag_set_values
            on tag_set_values.provider = resolutions.provider
            and tag_set_values.billing_period = resolutions.billing_period
            and tag_set_values.tag_set_id = resolutions.tag_set_id
        where tag_set_values.tag_value is not null
        union all
        select
            applied.provider,
            applied.billing_period,
            applied.resolution_id,
            rule_values.tag_key,
            rule_values.tag_value,
            applied.value_source,
            rule_values.source_rank,
        from applied
        inner join rule_values on rule_values.rule_order = applied.rule_order
        union all
        select
            inherited.provider,
            inherited.billing_period,
            inherited.resolution_id,
            tag_set_values.tag_key,
            tag_set_values.own_value as tag_value,
            sources.value_source,
            sources.source_rank + inherited.position as source_rank,
        from inherited
        inner join
            tag_set_values
            on tag_set_values.provider = inherited.provider
            and tag_set_values.billing_period = inherited.billing_period
            and cast(tag_set_values.tag_set_id as varchar) = inherited.parent
        inner join sources on sources.value_source = 'parent'
        where tag_set_values.own_value is not null
    )

select
    provider,
    billing_period,
    resolution_id,
    tag_key,
    arg_min(tag_value, source_rank) as tag_value,
    arg_min(value_source, source_rank) as value_source,
from known
group by provider, billing_period, resolution_id, tag_key
