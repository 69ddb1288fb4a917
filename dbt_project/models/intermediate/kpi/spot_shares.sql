with
    charges as (select * from {{ ref("spot_charges") }} where resource_id is not null),

    windows as (
        select
            provider,
            billing_period,
            billing_currency,
            resource_id,
            charge_start,
            charge_end,
            spot_cost,
            on_demand_cost,
            compared_cost,
            -- A day's charge may be for some hours only.
            case
                when machine_seconds > 0
                then
                    least(
                        machine_seconds, date_diff('second', charge_start, charge_end)
                    )
                else date_diff('second', charge_start, charge_end)
            end as window_seconds,
            unnest(
                range(date_trunc('day', charge_start), charge_end, interval 1 day)
            ) as piece_day,
        from charges
    ),

    covered as (
        select
            windows.* exclude (piece_day),
            pieces.run_id,
            pieces.piece_start,
            pieces.place,
            pieces.run_count,
            date_diff(
                'second',
                greatest(pieces.piece_start, windows.charge_start),
                least(pieces.piece_end, windows.charge_end)
            ) as seconds,
        from windows
        inner join
            {{ ref("run_pieces") }} as pieces
            on pieces.provider = windows.provider
            and pieces.resource_id = windows.resource_id
            and pieces.piece_day = windows.piece_day
            and pieces.piece_start < windows.charge_end
            and pieces.piece_end > windows.charge_start
    ),

    weighted as (
        select
            * exclude (piece_start, place, run_count, seconds),
            case
                when run_count = 1
                then seconds
                else
                    {{ quotient("seconds * place", "run_count") }}
                    - {{ quotient("seconds * (place - 1)", "run_count") }}
            end as weight,
        from covered
    ),

    run_weights as (
        select
            provider,
            billing_period,
            billing_currency,
            resource_id,
            charge_start,
            charge_end,
            run_id,
            max(spot_cost) as spot_cost,
            max(on_demand_cost) as on_demand_cost,
            max(compared_cost) as compared_cost,
            max(window_seconds) as window_seconds,
            sum(weight) as weight,
        from weighted
        group by
            provider,
            billing_period,
            billing_currency,
            resource_id,
            charge_start,
            charge_end,
            run_id
    ),

    placed as (
        select
            *,
            sum(weight) over (
                partition by
                    provider,
                    billing_period,
                    billing_currency,
                    resource_id,
                    charge_start,
                    charge_end
                order by run_id
            ) as until,
            greatest(
                window_seconds,
                sum(weight) over (
                    partition by
                        provider,
                        billing_period,
                        billing_currency,
                        resource_id,
                        charge_start,
                        charge_end
                )
            ) as all_seconds,
        from run_weights
    ),

    parts as (
        select
            provider,
            billing_period,
            billing_currency,
            resource_id,
            run_id,
            weight,
            {{ part_until("spot_cost", "until", "weight", "all_seconds") }}
            as spot_cost,
            {{ part_until("on_demand_cost", "until", "weight", "all_seconds") }}
            as on_demand_cost,
            {{ part_until("compared_cost", "until", "weight", "all_seconds") }}
            as compared_cost,
        from placed
    )

select
    provider,
    billing_period,
    billing_currency,
    resource_id,
    run_id,
    cast(sum(weight) as {{ var("money_type") }}) as spot_seconds,
    cast(sum(spot_cost) as {{ var("money_type") }}) as spot_cost,
    cast(sum(on_demand_cost) as {{ var("money_type") }}) as on_demand_cost,
    cast(sum(compared_cost) as {{ var("money_type") }}) as compared_cost,
from parts
group by provider, billing_period, billing_currency, resource_id, run_id
