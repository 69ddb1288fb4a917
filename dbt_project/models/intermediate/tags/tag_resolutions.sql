with
    charge_sums as (select * from {{ ref("charge_sums") }}),

    resolution_values as (select * from {{ ref("tag_resolution_values") }}),

    tag_set_values as (select * from {{ ref("tag_set_values") }}),

    keys as (select tag_key, dimension, from {{ ref("stg_ops_tag_keys") }}),

    resolutions as (
        select distinct
            provider, billing_period, resolution_id, tag_set_id, required_keys, parents,
        from charge_sums
    ),

    states as (
        select
            provider,
            billing_period,
            tag_set_id,
            {{
                hash_of(
                    ["string_agg(tag_key || '=' || tag_status, ',' order by tag_key)"]
                )
            }} as tag_state_id,
            string_agg(tag_key, ',' order by tag_key) filter (
                where own_value is not null
            ) as own_keys,
        from tag_set_values
        group by provider, billing_period, tag_set_id
    ),

    resolved as (
        select
            resolution_values.provider,
            resolution_values.billing_period,
            resolution_values.resolution_id,
            {%- for column in tag_dimensions() %}
                max(resolution_values.tag_value) filter (
                    where keys.dimension = '{{ column }}'
                ) as {{ column }},
            {%- endfor %}
            max(resolution_values.value_source) filter (
                where keys.dimension = 'cost_center'
            ) as cost_center_source,
            string_agg(
                keys.tag_key || '=' || resolution_values.value_source,
                ' '
                order by keys.tag_key
            ) filter (where resolution_values.value_source <> 'tag') as value_sources,
        from resolution_values
        inner join keys on keys.tag_key = resolution_values.tag_key
        group by
            resolution_values.provider,
            resolution_values.billing_period,
            resolution_values.resolution_id
    )

select
    resolutions.provider,
    resolutions.billing_period,
    resolutions.resolution_id,
    resolutions.tag_set_id,
    resolutions.required_keys,
    states.tag_state_id,
    {%- for column in tag_dimensions() %} resolved.{{ column }}, {%- endfor %}
    resolved.cost_center_source,
    resolved.value_sources,
    list_has_all(
        {{ list_of_text("coalesce(states.own_keys, '')") }},
        {{ list_of_text("resolutions.required_keys") }}
    ) as has_required_tags,
    list_contains(
        {{ list_of_text("resolutions.parents") }}, '?'
    ) as has_ambiguous_parent,
from resolutions
inner join
    states
    on states.provider = resolutions.provider
    and states.billing_period = resolutions.billing_period
    and states.tag_set_id = resolutions.tag_set_id
left join
    resolved
    on resolved.provider = resolutions.provider
    and resolved.billing_period = resolutions.billing_period
    and resolved.resolution_id = resolutions.resolution_id
