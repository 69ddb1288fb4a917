{{ config(materialized="view") }}
{#- A stage's difference is that of its usage at the rate before, and that of its rate; where one of the versions has no usage, its cost. -#}
{%- set model = "provider, billing_currency, ai_model" -%}

with
    months as (
        select
            billing_period,
            {{ model }},
            model_version,
            stage,
            effective_cost,
            if(stage = 'serving', successes, hours) as usage,
            if(stage = 'serving', successes, null) as successes,
        from {{ ref("mart_model_version_costs") }}
        where attribution = 'version' and model_version <> '(none)'
    ),

    -- The order of versions: by the month in which they appear, then by the numbers of
    -- their names.
    versions as (
        select
            {{ model }},
            model_version,
            row_number() over (
                partition by {{ model }}
                order by
                    min(billing_period),
                    list_transform(
                        regexp_extract_all(model_version, '[0-9]+'),
                        lambda part:cast(part as hugeint)
                    ),
                    model_version
            ) as version_order,
        from months
        group by {{ model }}, model_version
    ),

    -- One row per month in which a version has a row, with the one before it.
    pairs as (
        select distinct
            months.billing_period,
            {% for name in model.split(", ") %} versions.{{ name }}, {% endfor %}
            versions.model_version,
            earlier.model_version as previous_version,
        from months
        inner join versions using ({{ model }}, model_version)
        left join
            versions as earlier on earlier.version_order = versions.version_order - 1
            {% for name in model.split(", ") %}
                and earlier.{{ name }} = versions.{{ name }}
            {% endfor %}
    ),

    -- What both cost up to and with the month.
    to_date as (
        select
            pairs.*,
            months.stage,
            {% for measure in ("effective_cost", "usage", "successes") %}
                sum({{ measure }}) filter (
                    where months.model_version = pairs.model_version
                ) as {{ measure }},
                sum({{ measure }}) filter (
                    where months.model_version = pairs.previous_version
                ) as previous_{{ measure }},
            {% endfor %}
        from pairs
        inner join
            months
            on months.billing_period <= pairs.billing_period
            and months.model_version in (pairs.model_version, pairs.previous_version)
            {% for name in model.split(", ") %}
                and months.{{ name }} = pairs.{{ name }}
            {% endfor %}
        group by all
    ),

    rated as (
        select
            * exclude (effective_cost, previous_effective_cost),
            cast(coalesce(effective_cost, 0) as {{ var("money_type") }}) as cost,
            cast(
                coalesce(previous_effective_cost, 0) as {{ var("money_type") }}
            ) as previous_cost,
            {{ quotient("effective_cost", "usage") }} as rate,
            {{ quotient("previous_effective_cost", "previous_usage") }}
            as previous_rate,
            if(stage = 'serving', 'inferences', 'hours') as unit,
            if(stage = 'serving', 'inference', 'hour') as one,
        from to_date
    ),

    split as (
        select
            *,
            cast(
                (usage - previous_usage) * previous_rate as {{ var("money_type") }}
            ) as by_usage,
        from rated
    ),

    reasons as (
        select
            billing_period,
            {{ model }},
            model_version,
            unnest(
                case
                    when by_usage is null or rate is null
                    then
                        [
                            struct_pack(
                                reason
                                := stage
                                || ': '
                                || case
                                    when previous_cost = 0
                                    then 'only in ' || model_version
                                    when cost = 0
                                    then 'only in ' || previous_version
                                    else 'cost'
                                end,
                                amount := cost - previous_cost
                            )
                        ]
                    else
                        [
                            struct_pack(
                                reason
                                := stage
                                || ': '
                                || unit
                                || ' '
                                || cast(
                                    cast(previous_usage as decimal(38, 0)) as varchar
                                )
                                || ' → '
                                || cast(cast(usage as decimal(38, 0)) as varchar),
                                amount := by_usage
                            ),
                            struct_pack(
                                reason
                                := stage
                                || ': cost per '
                                || one
                                || ' '
                                || cast(
                                    cast(previous_rate as decimal(38, 6)) as varchar
                                )
                                || ' → '
                                || cast(cast(rate as decimal(38, 6)) as varchar),
                                amount := cost - previous_cost - by_usage
                            )
                        ]
                end,
                recursive := true
            ),
        from split
        where previous_version is not null
    ),

    ranked as (
        select
            *,
            row_number() over (
                partition by billing_period, {{ model }}, model_version
                order by abs(amount) desc, reason
            ) as reason_rank,
        from reasons
        where amount <> 0
    ),

    largest as (
        select
            billing_period,
            {{ model }},
            model_version,
            {% for number in (1, 2, 3) %}
                max(reason) filter (
                    where reason_rank = {{ number }}
                ) as reason_{{ number }},
                max(amount) filter (
                    where reason_rank = {{ number }}
                ) as reason_{{ number }}_amount,
            {% endfor %}
        from ranked
        group by billing_period, {{ model }}, model_version
    ),

    totals as (
        select
            billing_period,
            {{ model }},
            model_version,
            previous_version,
            sum(cost) as cost,
            sum(successes) as successes,
            if(previous_version is null, null, sum(previous_cost)) as previous_cost,
            sum(previous_successes) as previous_successes,
        from rated
        group by billing_period, {{ model }}, model_version, previous_version
    )

select
    billing_period,
    {{ model }},
    model_version,
    previous_version,
    cast(cost as {{ var("money_type") }}) as effective_cost,
    cast(previous_cost as {{ var("money_type") }}) as previous_effective_cost,
    cast(cost - previous_cost as {{ var("money_type") }}) as change,
    {{ quotient("cost", "previous_cost") }} as times_previous,
    cast(successes as bigint) as successes,
    cast(previous_successes as bigint) as previous_successes,
    {{ quotient("cost", "successes") }} as cost_per_inference,
    {{ quotient("previous_cost", "previous_successes") }}
    as previous_cost_per_inference,
    {% for number in (1, 2, 3) %}
        reason_{{ number }},
        cast(
            reason_{{ number }}_amount as {{ var("money_type") }}
        ) as reason_{{ number }}_amount,
    {% endfor %}
from totals
left join largest using (billing_period, {{ model }}, model_version)
