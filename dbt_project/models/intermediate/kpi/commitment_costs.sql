select
    provider,
    billing_period,
    billing_currency,
    coalesce(commitment_discount_type, '(none)') as commitment_type,
    count(*) as commitments,
    sum(purchased_cost) as purchased_cost,
    sum(used_cost) as used_cost,
    sum(unused_cost) as unused_cost,
    sum(used_list_cost) as used_list_cost,
    sum(used_contracted_cost) as used_contracted_cost,
from {{ ref("stg_published_commitments") }}
where {{ is_in_scope() }}
group by
    provider,
    billing_period,
    billing_currency,
    coalesce(commitment_discount_type, '(none)')
