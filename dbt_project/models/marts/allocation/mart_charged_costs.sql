with
    charged as (
        select
            billing_period,
            provider,
            billing_currency,
            cost_center,
            effective_cost as direct_cost,
            cast(0 as {{ var("money_type") }}) as shared_cost,
        from {{ ref("mart_chargeback_as_closed") }}
        where {{ is_in_scope() }}
        union all
        select
            billing_period,
            provider,
            billing_currency,
            cost_center,
            cast(0 as {{ var("money_type") }}) as direct_cost,
            effective_cost as shared_cost,
        from {{ ref("mart_allocated_costs") }}
        where
            entry_kind <> 'direct' and {{ is_in_scope() }}
            {%- for row in periods_in_scope() if row["is_closed"] %}
                and not (
                    provider = '{{ row["provider"] }}'
                    and billing_period = '{{ row["billing_period"] }}'
                )
            {%- endfor %}
        union all
        select
            billing_period,
            provider,
            billing_currency,
            cost_center,
            cast(0 as {{ var("money_type") }}) as direct_cost,
            effective_cost as shared_cost,
        from {{ ref("closed_entries") }}
    )

select
    billing_period,
    provider,
    billing_currency,
    cost_center,
    cast(sum(direct_cost) as {{ var("money_type") }}) as direct_cost,
    cast(sum(shared_cost) as {{ var("money_type") }}) as shared_cost,
    cast(sum(direct_cost + shared_cost) as {{ var("money_type") }}) as effective_cost,
from charged
group by billing_period, provider, billing_currency, cost_center
