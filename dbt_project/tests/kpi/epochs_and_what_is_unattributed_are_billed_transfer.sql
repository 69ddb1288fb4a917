-- Runs and what is not attributed are the bill's transfer charges, exactly.
with
    totals as (
        {% for model, condition in [
            ("kpi_charges", "is_transfer"),
            ("mart_epoch_transfer_costs", "true"),
        ] %}
            select
                billing_period,
                provider,
                billing_currency,
                sum(billed_cost) as billed_cost,
                sum(gigabytes) as gigabytes,
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
    max(gigabytes) - min(gigabytes) as gigabytes_difference,
from totals
group by billing_period, provider, billing_currency
having
    count(*) <> 2
    or max(billed_cost) <> min(billed_cost)
    or max(gigabytes) <> min(gigabytes)
