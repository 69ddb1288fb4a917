{{ config(materialized="replaced_periods") }}

with
    tag_sets as (select * from {{ ref("tag_sets") }} where tags is not null),

    tag_set_values as (select * from {{ ref("tag_set_values") }})

select
    tag_sets.provider,
    tag_sets.billing_period,
    tag_sets.tags,
    {%- for column in tag_dimensions() %}
        max(tag_set_values.tag_value) filter (
            where tag_set_values.dimension = '{{ column }}'
        ) as {{ column }},
    {%- endfor %}
    coalesce(
        bool_and(tag_set_values.own_value is not null) filter (
            where tag_set_values.is_required
        ),
        true
    ) as has_required_tags,
from tag_sets
inner join
    tag_set_values
    on tag_set_values.provider = tag_sets.provider
    and tag_set_values.billing_period = tag_sets.billing_period
    and tag_set_values.tag_set_id = tag_sets.tag_set_id
group by tag_sets.provider, tag_sets.billing_period, tag_sets.tags
