select
    provider,
    billing_period,
    x_details_id,
    {{ hash_of(["tags", "x_cost_categories"]) }} as tag_set_id,
    resource_id,
    cast(min(charge_period_start) as date) as first_date,
    cast(max(charge_period_start) as date) as last_date,
    sum(billed_cost) as billed_cost,
    sum(effective_cost) as effective_cost,
from {{ ref("focus_charges") }}
where resource_id is not null and {{ is_in_scope() }}
group by
    provider,
    billing_period,
    x_details_id,
    {{ hash_of(["tags", "x_cost_categories"]) }},
    resource_id
