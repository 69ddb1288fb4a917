-- Jobs and what no job used, and all instances, are the bill's spot charges, exactly.
with
    totals as (
        {% for model, cost, condition in [
            (
                "stg_published_daily_costs",
                "effective_cost",
                "pricing_category = 'Dynamic'",
            ),
            ("mart_spot_jobs", "spot_cost", "true"),
            ("mart_spot_interruptions", "spot_cost", "true"),
        ] %}
            select
                billing_period,
                provider,
                billing_currency,
                '{{ model }}' as counted_in,
                sum({{ cost }}) as spot_cost,
            from {{ ref(model) }}
            where {{ condition }} and {{ is_in_scope() }}
            group by
                billing_period,
                provider,
                billing_currency
                {{ "union all" if not loop.last }}
        {% endfor %}
    )

select
    billing_period,
    provider,
    billing_currency,
    max(spot_cost) - min(spot_cost) as spot_cost_difference,
from totals
group by billing_period, provider, billing_currency
having
    max(spot_cost) <> min(spot_cost)
    -- Interruptions alone are rows without cost.
    or (count(*) <> 3 and max(spot_cost) <> 0)
