{% set line = (
    "billing_period, provider, billing_currency, cost_center, effective_cost"
) %}

with
    charged as (
        select {{ line }}, false as is_shared
        from {{ ref("mart_chargeback_as_closed") }}
        where {{ is_in_scope() }}
        union all
        select {{ line }}, true as is_shared
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
        select {{ line }}, true as is_shared
        from {{ ref("closed_entries") }}
    )

select
    billing_period,
    provider,
    billing_currency,
    cost_center,
    cast(
        sum(if(is_shared, 0, effective_cost)) as {{ var("money_type") }}
    ) as direct_cost,
    cast(
        sum(if(is_shared, effective_cost, 0)) as {{ var("money_type") }}
    ) as shared_cost,
    cast(sum(effective_cost) as {{ var("money_type") }}) as effective_cost,
from charged
group by billing_period, provider, billing_currency, cost_center
