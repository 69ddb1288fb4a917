{{ config(materialized="ephemeral") }}

with
    lines as (
        select
            provider,
            billing_period,
            nullif(savings_plan_savings_plan_a_r_n, '') as savings_plan_id,
            nullif(reservation_reservation_a_r_n, '') as reservation_id,
            savings_plan_end_time,
            reservation_end_time,
        from {{ ref("int_aws__lines_unioned") }}
        where {{ is_in_scope() }}
    )

-- AWS writes moments as 2026-01-31T23:59:59.000Z; a text that is none says nothing.
select
    provider,
    billing_period,
    coalesce(savings_plan_id, reservation_id) as commitment_discount_id,
    max(
        try_cast(
            left(
                if(
                    savings_plan_id is null, reservation_end_time, savings_plan_end_time
                ),
                10
            ) as date
        )
    ) as expires_on,
from lines
where coalesce(savings_plan_id, reservation_id) is not null
group by provider, billing_period, coalesce(savings_plan_id, reservation_id)
