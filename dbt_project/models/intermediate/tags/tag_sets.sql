select distinct
    provider,
    billing_period,
    {{ hash_of(["tags", "x_cost_categories"]) }} as tag_set_id,
    {{ tags_of_charge() }} as tags,
from
    (
        select distinct provider, billing_period, tags, x_cost_categories,
        from {{ ref("focus_charges") }}
        where {{ is_in_scope() }}
    )
union
select
    provider,
    billing_period,
    {{ hash_of(["tags", "cast(null as varchar)"]) }} as tag_set_id,
    tags,
from {{ ref("fct_container_costs") }}
where tags is not null and {{ is_in_scope() }}
