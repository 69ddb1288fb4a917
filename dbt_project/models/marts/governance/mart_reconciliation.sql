{% set counted_models = {
    "daily": "fct_daily_costs",
    "chargeback": "mart_chargeback",
    "allocated": "mart_allocated_costs",
} %}
{% set stage_names = [
    "source",
    "landing",
    "focus",
    "daily",
    "chargeback",
    "allocated",
] %}

with
    totals as (
        select *
        from {{ ref("bill_totals") }}
        {% for stage, model in counted_models.items() %}
            union all
            select
                '{{ stage }}' as stage,
                provider,
                billing_period,
                billing_currency,
                count(*) as row_count,
                sum(billed_cost) as billed_cost,
                sum(effective_cost) as effective_cost,
            from {{ ref(model) }}
            where {{ is_in_scope() }}
            group by provider, billing_period, billing_currency
        {% endfor %}
    ),

    stages as (
        select stage_order, stage,
        from
            (
                values
                    {% for stage in stage_names %}
                        ({{ loop.index }}, '{{ stage }}'){{ "," if not loop.last }}
                    {% endfor %}
            ) as listed(stage_order, stage)
    ),

    -- Every stage has a row wherever any stage has one, so that what a stage lost
    -- altogether is a difference too.
    expected as (
        select
            bills.provider,
            bills.billing_period,
            bills.billing_currency,
            stages.stage_order,
            stages.stage,
        from
            (
                select distinct provider, billing_period, billing_currency from totals
            ) as bills
        cross join stages
    ),

    counted as (
        select
            expected.billing_period,
            expected.provider,
            expected.billing_currency,
            expected.stage_order,
            expected.stage,
            coalesce(totals.row_count, 0) as row_count,
            coalesce(totals.billed_cost, 0) as billed_cost,
            totals.effective_cost,
        from expected
        left join
            totals
            on totals.provider = expected.provider
            and totals.billing_period = expected.billing_period
            and totals.billing_currency = expected.billing_currency
            and totals.stage = expected.stage
    )

select
    counted.billing_period,
    counted.provider,
    counted.billing_currency,
    counted.stage_order,
    counted.stage,
    cast(counted.row_count as bigint) as row_count,
    cast(counted.billed_cost as {{ var("money_type") }}) as billed_cost,
    cast(counted.effective_cost as {{ var("money_type") }}) as effective_cost,
    cast(
        counted.billed_cost - source.billed_cost as {{ var("money_type") }}
    ) as difference,
from counted
inner join
    counted as source
    on source.stage = 'source'
    and source.provider = counted.provider
    and source.billing_period = counted.billing_period
    and source.billing_currency = counted.billing_currency
