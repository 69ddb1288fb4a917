{%- set place = "provider, billing_period, bucket" -%}

with
    checkpoints as (
        select
            *,
            gigabytes * stored_seconds as gb_seconds,
            date_diff(
                'second',
                lag(created_at) over (
                    partition by {{ place }}, run_id order by created_at
                ),
                created_at
            ) as interval_seconds,
        from {{ ref("checkpoint_places") }}
    ),

    -- At most every two hours is hourly, every twelve to thirty-six daily, by the
    -- median.
    runs as (
        select
            {{ place }},
            model,
            run_id,
            quantile_disc(interval_seconds, 0.5) as median_seconds,
        from checkpoints
        group by {{ place }}, model, run_id
    ),

    cadences as (
        select
            {{ place }},
            model,
            count(*) as runs,
            count(*) filter (where median_seconds <= 7200) as hourly_runs,
            count(*) filter (
                where median_seconds between 43200 and 129600
            ) as daily_runs,
        from runs
        group by {{ place }}, model
    ),

    counted as (
        select
            {{ place }},
            model,
            count(*) as checkpoints,
            sum(size_bytes) as bytes,
            sum(gb_seconds) as gb_seconds,
            max(month_seconds) as month_seconds,
            count(*) filter (where is_stale) as stale_checkpoints,
            coalesce(sum(size_bytes) filter (where is_stale), 0) as stale_bytes,
            coalesce(sum(gb_seconds) filter (where is_stale), 0) as stale_gb_seconds,
            count(*) filter (where is_old) as old_checkpoints,
            coalesce(sum(size_bytes) filter (where is_old), 0) as old_bytes,
            coalesce(sum(gigabytes) filter (where is_old), 0) as old_gb,
            quantile_disc(interval_seconds, 0.5) as median_seconds,
            max(created_at) as latest_checkpoint_at,
        from checkpoints
        group by {{ place }}, model
    ),

    models as (
        select
            * exclude (gb_seconds, stale_gb_seconds, month_seconds),
            {{ quotient("gb_seconds", "month_seconds") }} as gb_months,
            {{ quotient("stale_gb_seconds", "month_seconds") }} as stale_gb_months,
        from counted
    ),

    placed as (
        select
            models.*,
            cadences.runs,
            cadences.hourly_runs,
            cadences.daily_runs,
            sum(models.gb_months) over (
                partition by models.provider, models.billing_period, models.bucket
                order by models.model
            ) as until,
            sum(models.gb_months) over (
                partition by models.provider, models.billing_period, models.bucket
            ) as all_gb_months,
        from models
        inner join
            cadences
            on cadences.provider = models.provider
            and cadences.billing_period = models.billing_period
            and cadences.bucket = models.bucket
            and cadences.model = models.model
    ),

    billed as (
        select
            placed.*,
            coalesce(
                buckets.billing_currency, usual_currencies.billing_currency
            ) as billing_currency,
            coalesce(buckets.resource_id, placed.bucket) as resource_id,
            coalesce(buckets.storage_cost, 0) as bucket_storage_cost,
            coalesce(buckets.capacity_cost, 0) as capacity_cost,
            coalesce(buckets.capacity_gb_months, 0) as capacity_gb_months,
            buckets.archive_cost,
            buckets.archive_gb_months,
            -- Telemetry may know of more than is stored: what was deleted is not told.
            greatest(
                coalesce(buckets.capacity_gb_months, 0), placed.all_gb_months
            ) as shared_gb_months,
        from placed
        left join
            {{ ref("storage_buckets") }} as buckets
            on buckets.provider = placed.provider
            and buckets.billing_period = placed.billing_period
            and buckets.bucket = placed.bucket
            and buckets.is_main
        inner join
            {{ ref("usual_currencies") }} as usual_currencies
            on usual_currencies.provider = placed.provider
            and usual_currencies.billing_period = placed.billing_period
    ),

    costed as (
        select
            *,
            coalesce(
                {{
                    part_until(
                        "capacity_cost", "until", "gb_months", "shared_gb_months"
                    )
                }},
                0
            ) as storage_cost,
            case
                when capacity_gb_months > 0
                then
                    greatest(
                        {{ portion("capacity_cost", "old_gb", "capacity_gb_months") }}
                        - {{ portion("archive_cost", "old_gb", "archive_gb_months") }},
                        0
                    )
            end as archive_saving,
        from billed
    ),

    with_stale as (
        select
            *,
            coalesce(
                {{ portion("storage_cost", "stale_gb_months", "gb_months") }}, 0
            ) as stale_cost,
        from costed
    ),

    joined as (
        select
            billing_period,
            provider,
            billing_currency,
            resource_id,
            model,
            checkpoints,
            bytes,
            gb_months,
            storage_cost,
            bucket_storage_cost,
            stale_checkpoints,
            stale_bytes,
            stale_cost,
            old_checkpoints,
            old_bytes,
            case
                when archive_cost is not null then archive_saving
            end as archive_saving,
            runs,
            hourly_runs,
            daily_runs,
            median_seconds,
            latest_checkpoint_at,
        from with_stale
        union all
        select
            billing_period,
            provider,
            billing_currency,
            resource_id,
            '(other)' as model,
            0 as checkpoints,
            0 as bytes,
            greatest(max(capacity_gb_months) - max(all_gb_months), 0) as gb_months,
            max(bucket_storage_cost) - sum(storage_cost) as storage_cost,
            max(bucket_storage_cost) as bucket_storage_cost,
            0 as stale_checkpoints,
            0 as stale_bytes,
            0 as stale_cost,
            0 as old_checkpoints,
            0 as old_bytes,
            null as archive_saving,
            0 as runs,
            0 as hourly_runs,
            0 as daily_runs,
            null as median_seconds,
            null as latest_checkpoint_at,
        from costed
        group by billing_period, provider, billing_currency, resource_id
    )

select
    billing_period,
    provider,
    billing_currency,
    resource_id,
    model,
    cast(checkpoints as bigint) as checkpoints,
    cast(bytes as {{ var("money_type") }}) as bytes,
    cast(gb_months as {{ var("money_type") }}) as gb_months,
    cast(storage_cost as {{ var("money_type") }}) as storage_cost,
    cast(bucket_storage_cost as {{ var("money_type") }}) as bucket_storage_cost,
    cast(stale_checkpoints as bigint) as stale_checkpoints,
    cast(stale_bytes as {{ var("money_type") }}) as stale_bytes,
    cast(stale_cost as {{ var("money_type") }}) as stale_cost,
    {{ quotient("stale_cost * 100", "bucket_storage_cost") }} as stale_cost_share,
    cast(old_checkpoints as bigint) as old_checkpoints,
    cast(old_bytes as {{ var("money_type") }}) as old_bytes,
    cast(archive_saving as {{ var("money_type") }}) as archive_saving,
    cast(runs as bigint) as runs,
    cast(hourly_runs as bigint) as hourly_runs,
    cast(daily_runs as bigint) as daily_runs,
    cast(runs - hourly_runs - daily_runs as bigint) as other_runs,
    {{ quotient("median_seconds", "3600") }} as median_interval_hours,
    latest_checkpoint_at,
from joined
