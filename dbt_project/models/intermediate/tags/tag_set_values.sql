with
    tag_sets as (select * from {{ ref("tag_sets") }}),

    keys as (
        select
            *,
            tag_key
            in (select tag_key, from {{ ref("stg_ops_tag_scopes") }}) as is_required,
        from {{ ref("stg_ops_tag_keys") }}
    ),

    aliases as (select * from {{ ref("stg_ops_tag_aliases") }}),

    spellings as (select * from {{ ref("stg_ops_tag_values") }}),

    sources as (select * from {{ ref("stg_ops_tag_sources") }}),

    entries as (
        select
            tag_sets.provider,
            tag_sets.billing_period,
            tag_sets.tag_set_id,
            entries.native_key,
            trim(entries.value) as found_value,
            {{ folded_tag_key("entries.native_key") }} as folded_key,
            case
                when starts_with(entries.native_key, 'cost_category/')
                then 'cost_category'
                when starts_with(lower(entries.native_key), 'accounttag/')
                then 'label'
                else 'tag'
            end as value_source,
        from tag_sets, {{ json_entries("tag_sets.tags") }} as entries
        where trim(entries.value) <> ''
    ),

    named as (
        select
            entries.*,
            keys.tag_key,
            keys.is_listed,
            keys.pattern,
            spellings.tag_value as listed_value,
            if(
                keys.is_lower_case, lower(entries.found_value), entries.found_value
            ) as cased_value,
            sources.source_rank,
            -- CUR 2.0 rewrites a key to `user_cost_center`: how it was spelled is not
            -- known.
            entries.native_key = keys.tag_key
            or entries.native_key = 'user:' || keys.tag_key
            or (
                starts_with(entries.native_key, 'user_')
                and entries.folded_key = {{ folded_tag_key("keys.tag_key") }}
            ) as is_spelled_right,
        from entries
        inner join aliases on aliases.folded_key = entries.folded_key
        inner join keys on keys.tag_key = aliases.tag_key
        inner join sources on sources.value_source = entries.value_source
        left join
            spellings
            on spellings.tag_key = keys.tag_key
            and spellings.spelling = lower(entries.found_value)
    ),

    judged as (
        select
            *,
            case
                when listed_value is not null
                then listed_value
                when is_listed
                then null
                when pattern is null or regexp_full_match(cased_value, pattern)
                then cased_value
            end as tag_value,
            case
                when tag_value is null
                then 'wrong_value'
                when is_spelled_right and tag_value = found_value
                then 'valid'
                else 'misspelt'
            end as tag_status,
            -- Two spellings of one key with different values: the valid one, then the
            -- one as it should be, then the first by name, so that every run agrees.
            case tag_status when 'valid' then '0' when 'misspelt' then '1' else '2' end
            || native_key as preference,
        from named
    ),

    picked as (
        select
            provider,
            billing_period,
            tag_set_id,
            tag_key,
            {%- for column in [
                "tag_status",
                "native_key",
                "found_value",
                "tag_value",
            ] %}
                arg_min({{ column }}, preference) filter (
                    where value_source = 'tag'
                ) as own_{{ column }},
            {%- endfor %}
            {%- for column in ["tag_value", "value_source", "source_rank"] %}
                arg_min(
                    {{ column }},
                    lpad(cast(source_rank as varchar), 9, '0') || preference
                ) filter (where tag_value is not null) as known_{{ column }},
            {%- endfor %}
        from judged
        group by provider, billing_period, tag_set_id, tag_key
    )

select
    tag_sets.provider,
    tag_sets.billing_period,
    tag_sets.tag_set_id,
    keys.tag_key,
    keys.dimension,
    keys.is_required,
    coalesce(picked.own_tag_status, 'missing') as tag_status,
    picked.own_native_key as found_key,
    picked.own_found_value as found_value,
    picked.own_tag_value as own_value,
    picked.known_tag_value as tag_value,
    picked.known_value_source as value_source,
    picked.known_source_rank as source_rank,
from tag_sets
cross join keys
left join
    picked
    on picked.provider = tag_sets.provider
    and picked.billing_period = tag_sets.billing_period
    and picked.tag_set_id = tag_sets.tag_set_id
    and picked.tag_key = keys.tag_key
