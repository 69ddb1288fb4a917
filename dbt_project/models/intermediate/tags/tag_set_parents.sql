{#- What follows the last `/` or `:` of an id or a path. -#}
{% set last_part = "split_part(split_part({0}, '/', -1), ':', -1)" %}

with
    tag_sets as (select * from {{ ref("tag_sets") }}),

    tag_set_values as (select * from {{ ref("tag_set_values") }}),

    parents as (select * from {{ ref("stg_ops_tag_parents") }}),

    resource_sums as (select * from {{ ref("resource_sums") }}),

    detail_rules as (select * from {{ ref("detail_rules") }}),

    named as (
        select distinct
            tag_sets.provider,
            tag_sets.billing_period,
            tag_sets.tag_set_id,
            parents.parent_order,
            parents.id_prefixes,
            lower({{ last_part.format("trim(entries.value)") }}) as last_part,
        from tag_sets, {{ json_entries("tag_sets.tags") }} as entries
        inner join
            parents on parents.folded_key = {{ folded_tag_key("entries.native_key") }}
        where
            not starts_with(entries.native_key, 'cost_category/')
            and not starts_with(lower(entries.native_key), 'accounttag/')
            and {{ last_part.format("trim(entries.value)") }} <> ''
    ),

    -- Joined by equality, since patterns over every resource would cost as much as the
    -- lines.
    resources as (
        select
            resource_sums.provider,
            resource_sums.billing_period,
            resource_sums.resource_id,
            resource_sums.tag_set_id,
            resource_sums.last_date,
            resource_sums.effective_cost,
            detail_rules.sub_account_id,
            detail_rules.region_id,
            lower(resource_sums.resource_id) as folded_id,
            lower({{ last_part.format("resource_sums.resource_id") }}) as last_part,
        from resource_sums
        inner join
            detail_rules
            on detail_rules.provider = resource_sums.provider
            and detail_rules.billing_period = resource_sums.billing_period
            and detail_rules.x_details_id = resource_sums.x_details_id
        where
            lower({{ last_part.format("resource_sums.resource_id") }})
            in (select last_part, from named)
    ),

    -- What a parent says is what it said last, of the sets of tags that say anything.
    last_tags as (
        select
            provider,
            billing_period,
            sub_account_id,
            resource_id,
            arg_max(
                tag_set_id, row(last_date, effective_cost, tag_set_id)
            ) as tag_set_id,
        from resources
        where
            tag_set_id
            in (select tag_set_id, from tag_set_values where own_value is not null)
        group by provider, billing_period, sub_account_id, resource_id
    )

select distinct
    named.provider,
    named.billing_period,
    named.tag_set_id,
    named.parent_order,
    resources.sub_account_id,
    resources.region_id,
    resources.resource_id,
    last_tags.tag_set_id as parent_tag_set_id,
from named
inner join
    resources
    on resources.provider = named.provider
    and resources.billing_period = named.billing_period
    and resources.last_part = named.last_part
    and
    {{
        matches_any(
            "left(resources.folded_id, length(resources.folded_id) - length(resources.last_part))",
            "named.id_prefixes",
        )
    }}
left join
    last_tags
    on last_tags.provider = resources.provider
    and last_tags.billing_period = resources.billing_period
    and last_tags.sub_account_id is not distinct from resources.sub_account_id
    and last_tags.resource_id = resources.resource_id
