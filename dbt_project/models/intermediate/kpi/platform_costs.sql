-- The cost of a bill, and the part of it that has an owner, or all tags that the policy
-- requires: by what it is counted.
select
    provider,
    billing_period,
    billing_currency,
    'allocated_share' as kpi,
    '(all)' as subject,
    sum(if(cost_center = '{{ var("unallocated") }}', 0, effective_cost)) as numerator,
    sum(effective_cost) as denominator,
from {{ ref("stg_published_allocated_costs") }}
where {{ is_in_scope() }}
group by provider, billing_period, billing_currency
union all
select
    provider,
    billing_period,
    billing_currency,
    'tag_compliance_by_spend' as kpi,
    cost_center as subject,
    sum(if(has_required_tags, effective_cost, 0)) as numerator,
    sum(effective_cost) as denominator,
from {{ ref("stg_published_daily_costs") }}
where {{ is_in_scope() }}
group by provider, billing_period, billing_currency, cost_center
