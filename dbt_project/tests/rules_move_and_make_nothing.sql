-- What a rule for shared cost gives, it takes: its entries sum to zero in every bill,
-- those of its markup among themselves.
select
    billing_period,
    provider,
    billing_currency,
    rule_id,
    rule_version,
    sum(billed_cost) as billed_cost,
    sum(effective_cost) as effective_cost,
from {{ ref("mart_allocated_costs") }}
where entry_kind <> 'direct' and {{ is_in_scope() }}
group by
    billing_period,
    provider,
    billing_currency,
    rule_id,
    rule_version,
    entry_kind in ('markup', 'markup_offset')
having sum(billed_cost) <> 0 or sum(effective_cost) <> 0
