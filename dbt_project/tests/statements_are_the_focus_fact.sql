-- What cost centres are charged and what has no owner is the FOCUS fact, exactly: the
-- direct cost, and what is borne with shared cost. The fact is as this build counted
-- it.
{% set measures = (
    "sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost"
) %}

with
    totals as (
        {% for model, condition in [
            ("mart_reconciliation", "stage = 'focus'"),
            ("mart_chargeback", "true"),
            ("mart_allocated_costs", "true"),
        ] %}
            select
                '{{ model }}' as counted_in,
                billing_period,
                provider,
                billing_currency,
                {{ measures }},
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
    max(billed_cost) - min(billed_cost) as billed_difference,
    max(effective_cost) - min(effective_cost) as effective_difference,
from totals
group by billing_period, provider, billing_currency
having
    count(*) <> 3
    or min(billed_cost) <> max(billed_cost)
    or min(effective_cost) <> max(effective_cost)
