{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ delete_periods_in_scope() }}",
    )
}}

{% set resolved = {
    "cost_center": "cost-center",
    "ai_project": "ai-project",
    "ai_model": "ai-model",
    "ai_stage": "ai-stage",
    "environment": "environment",
    "owner": "owner",
    "experiment_id": "experiment-id",
} %}

with
    tag_sets as (
        select distinct provider, billing_period, {{ tags_of_charge() }} as tags,
        from
            (
                select distinct provider, billing_period, tags, x_cost_categories,
                from {{ ref("focus_charges") }}
                where {{ is_in_scope() }}
            )
        where tags is not null or x_cost_categories is not null
        union
        select provider, billing_period, tags,
        from {{ ref("fct_container_costs") }}
        where tags is not null and {{ is_in_scope() }}
    ),

    aliases as (select * from {{ ref("tag_key_aliases") }}),

    tag_values as (
        select
            tag_sets.provider,
            tag_sets.billing_period,
            tag_sets.tags,
            aliases.canonical_key,
            entries.native_key,
            trim(entries.value) as tag_value,
        from tag_sets, {{ json_entries("tag_sets.tags") }} as entries
        inner join aliases on aliases.native_key = lower(trim(entries.native_key))
        where trim(entries.value) <> ''
    ),

    canonical as (
        select
            provider,
            billing_period,
            tags,
            {%- for column, key in resolved.items() %}
                -- Two spellings of one key with different values: the first by name,
                -- so that every run agrees.
                arg_min(tag_value, native_key) filter (
                    where canonical_key = '{{ key }}'
                ) as {{ column }},
            {%- endfor %}
        from tag_values
        group by provider, billing_period, tags
    )

select
    tag_sets.provider,
    tag_sets.billing_period,
    tag_sets.tags,
    {%- for column in resolved %} canonical.{{ column }}, {%- endfor %}
    coalesce(
        cost_center <> '' and ai_project <> '' and ai_model <> '' and ai_stage <> '',
        false
    ) as has_required_tags,
from tag_sets
left join
    canonical
    on canonical.provider = tag_sets.provider
    and canonical.billing_period = tag_sets.billing_period
    and canonical.tags = tag_sets.tags
