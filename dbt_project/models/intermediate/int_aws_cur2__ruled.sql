with
    lines as (
        select
            *,
            nullif(savings_plan_savings_plan_a_r_n, '') as savings_plan_id,
            nullif(reservation_reservation_a_r_n, '') as reservation_id,
            coalesce(line_item_resource_id <> '', false) as has_resource,
            -- A share of an instance whose own line carries the price: its list price
            -- is not counted again.
            coalesce(
                line_item_operation in ('EKSPod-EC2', 'ECSTask-EC2'), false
            ) as is_split_cost,
            coalesce(
                line_item_net_unblended_cost, line_item_unblended_cost
            ) as invoiced_cost,
            {{ aws_line_rule() }} as line_rule,
        from {{ ref("stg_aws_cur2") }}
    )

select
    *,
    case
        when line_rule <> 'fee'
        then line_rule
        when savings_plan_id is null and reservation_id is null
        then 'as_invoiced'
        else 'commitment_fee'
    end as cost_rule,
from lines
