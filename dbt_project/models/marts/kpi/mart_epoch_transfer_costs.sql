with
    billed as (
        select
            billing_period,
            provider,
            billing_currency,
            sum(billed_cost) as billed_cost,
            sum(gigabytes) as gigabytes,
        from {{ ref("kpi_charges") }}
        where is_transfer
        group by billing_period, provider, billing_currency
    ),

    shares as (select * from {{ ref("transfer_shares") }}),

    attributed as (
        select
            billing_period,
            provider,
            billing_currency,
            sum(billed_cost) as billed_cost,
            sum(gigabytes) as gigabytes,
        from shares
        group by billing_period, provider, billing_currency
    ),

    -- Of a run over several months, each has as many epochs as it has of the time.
    epochs as (
        select
            months.provider,
            months.billing_period,
            runs.run_id,
            runs.model,
            runs.model_version,
            runs.epochs as run_epochs,
            date_diff(
                'second',
                runs.epochs_from,
                coalesce(runs.epochs_until, months.month_end)
            ) as run_seconds,
            date_diff(
                'second',
                greatest(runs.epochs_from, months.month_start),
                least(coalesce(runs.epochs_until, months.month_end), months.month_end)
            ) as month_seconds,
        from {{ ref("run_totals") }} as runs
        cross join {{ ref("kpi_months") }} as months
        where runs.run_id in (select run_id from shares)
    ),

    counted as (
        select
            *,
            case
                when run_seconds > 0 and month_seconds > 0
                then {{ portion("run_epochs", "month_seconds", "run_seconds") }}
                when run_seconds = 0 and month_seconds = 0
                then run_epochs
                when run_epochs is not null
                then 0
            end as epochs,
        from epochs
    ),

    joined as (
        select
            shares.billing_period,
            shares.provider,
            shares.billing_currency,
            'run' as attribution,
            shares.run_id,
            coalesce(counted.model, '(none)') as model,
            coalesce(counted.model_version, '(none)') as model_version,
            shares.source_zone,
            shares.destination_zone,
            shares.billed_cost,
            shares.gigabytes,
            counted.epochs,
        from shares
        left join
            counted
            on counted.provider = shares.provider
            and counted.billing_period = shares.billing_period
            and counted.run_id = shares.run_id
        union all
        select
            billed.billing_period,
            billed.provider,
            billed.billing_currency,
            'unattributed' as attribution,
            '(none)' as run_id,
            '(none)' as model,
            '(none)' as model_version,
            '(none)' as source_zone,
            '(none)' as destination_zone,
            billed.billed_cost - coalesce(attributed.billed_cost, 0) as billed_cost,
            billed.gigabytes - coalesce(attributed.gigabytes, 0) as gigabytes,
            null as epochs,
        from billed
        left join
            attributed
            on attributed.billing_period = billed.billing_period
            and attributed.provider = billed.provider
            and attributed.billing_currency = billed.billing_currency
    ),

    rated as (
        select
            *,
            {{ quotient("billed_cost", "gigabytes") }} as cost_per_gb,
            {{ quotient("billed_cost", "epochs") }} as cost_per_epoch,
        from joined
    ),

    flagged as (
        select *, {{ quotient("cost_per_gb", "epochs") }} as cost_per_gb_epoch,
        from rated
    )

select
    flagged.billing_period,
    flagged.provider,
    flagged.billing_currency,
    flagged.attribution,
    flagged.run_id,
    flagged.model,
    flagged.model_version,
    flagged.source_zone,
    flagged.destination_zone,
    cast(flagged.billed_cost as {{ var("money_type") }}) as billed_cost,
    cast(flagged.gigabytes as {{ var("money_type") }}) as gigabytes,
    cast(flagged.epochs as {{ var("money_type") }}) as epochs,
    flagged.cost_per_gb,
    flagged.cost_per_epoch,
    flagged.cost_per_gb_epoch,
    cast(targets.transfer_cost_per_gb_epoch as {{ var("money_type") }}) as target_cost,
    coalesce(
        flagged.cost_per_gb_epoch > targets.transfer_cost_per_gb_epoch, false
    ) as is_above_target,
from flagged
cross join {{ ref("kpi_targets") }} as targets
