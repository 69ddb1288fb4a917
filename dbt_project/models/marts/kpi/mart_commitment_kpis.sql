{%- set sums = [
    "commitments",
    "purchased_cost",
    "used_cost",
    "unused_cost",
    "used_list_cost",
    "used_contracted_cost",
] -%}

with
    types as (select * from {{ ref("commitment_costs") }}),

    lines as (
        select
            billing_period,
            provider,
            billing_currency,
            commitment_type,
            {{ sums | join(", ") }},
        from types
        union all
        select
            billing_period,
            provider,
            billing_currency,
            '(all)' as commitment_type,
            {% for each in sums %} sum({{ each }}) as {{ each }}, {% endfor %}
        from types
        group by billing_period, provider, billing_currency
    ),

    joined as (
        select
            lines.*,
            coalesce(eligible.eligible_cost, 0) as eligible_cost,
            lines.used_contracted_cost - lines.used_cost - lines.unused_cost as savings,
            lines.used_cost + lines.unused_cost as commitment_cost,
        from lines
        left join
            {{ ref("eligible_usage") }} as eligible
            on eligible.billing_period = lines.billing_period
            and eligible.provider = lines.provider
            and eligible.billing_currency = lines.billing_currency
    ),

    rated as (
        select
            *,
            {{ quotient("savings * 100", "eligible_cost") }} as effective_savings_rate,
            {{ quotient("savings * 100", "used_contracted_cost") }}
            as commitment_savings_rate,
            {{ quotient("used_contracted_cost * 100", "eligible_cost") }} as coverage,
            {{ quotient("used_cost * 100", "commitment_cost") }} as utilization,
        from joined
    )

select
    billing_period,
    provider,
    billing_currency,
    commitment_type,
    cast(commitments as bigint) as commitments,
    cast(purchased_cost as {{ var("money_type") }}) as purchased_cost,
    cast(used_cost as {{ var("money_type") }}) as used_cost,
    cast(unused_cost as {{ var("money_type") }}) as unused_cost,
    cast(commitment_cost as {{ var("money_type") }}) as commitment_cost,
    cast(used_list_cost as {{ var("money_type") }}) as used_list_cost,
    cast(used_contracted_cost as {{ var("money_type") }}) as used_contracted_cost,
    cast(eligible_cost as {{ var("money_type") }}) as eligible_cost,
    cast(savings as {{ var("money_type") }}) as savings,
    effective_savings_rate,
    commitment_savings_rate,
    coverage,
    cast(targets.commitment_coverage as {{ var("money_type") }}) as target_coverage,
    coverage >= targets.commitment_coverage as is_coverage_met,
    utilization,
    cast(
        targets.commitment_utilization as {{ var("money_type") }}
    ) as target_utilization,
    utilization >= targets.commitment_utilization as is_utilization_met,
from rated
cross join {{ ref("kpi_targets") }} as targets
