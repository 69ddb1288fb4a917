with
    -- The end of what was landed of the month, or of the month.
    moments as (
        select
            months.provider,
            months.billing_period,
            months.month_start,
            months.month_end,
            least(
                coalesce(freshness.as_of, months.month_end), months.month_end
            ) as as_of,
        from {{ ref("kpi_months") }} as months
        left join
            (
                select billing_period, make_timestamp(max(epoch_us(as_of))) as as_of,
                from {{ ref("stg_kpi_freshness") }}
                group by billing_period
            ) as freshness
            on freshness.billing_period = months.billing_period
    ),

    addresses as (
        select
            run_id,
            created_at,
            size_bytes,
            last_read_at,
            lower(split_part(uri, '://', 1)) as scheme,
            split_part(split_part(uri, '://', 2), '/', 1) as host,
            split_part(split_part(uri, '://', 2), '/', 2) as folder,
        from {{ ref("stg_telemetry_checkpoints") }}
    ),

    hosts as (
        select distinct
            scheme,
            host,
            if(
                host like 's3%' or host = 'storage.googleapis.com', folder, ''
            ) as folder,
        from addresses
    ),

    -- s3://BUCKET/…, https://BUCKET.s3.REGION.amazonaws.com/…, gs://BUCKET/…,
    -- https://ACCOUNT.blob.core.windows.net/… and
    -- abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/…
    places as (
        select
            *,
            case
                when scheme in ('s3', 's3a', 's3n') or host like '%amazonaws.com'
                then 'aws'
                when scheme = 'gs' or host = 'storage.googleapis.com'
                then 'gcp'
                when host like '%core.windows.net'
                then 'azure'
            end as provider,
            case
                when scheme in ('s3', 's3a', 's3n', 'gs')
                then lower(host)
                when host like '%.s3.%amazonaws.com' or host like '%.s3-%amazonaws.com'
                then lower(split_part(replace(host, '.s3-', '.s3.'), '.s3.', 1))
                when host like 's3%amazonaws.com' or host = 'storage.googleapis.com'
                then lower(folder)
                when host like '%@%core.windows.net'
                then lower(split_part(split_part(host, '@', 2), '.', 1))
                when host like '%core.windows.net'
                then lower(split_part(host, '.', 1))
            end as bucket,
        from hosts
    ),

    checkpoints as (
        select
            coalesce(places.provider, runs.provider) as provider,
            places.bucket,
            addresses.run_id,
            coalesce(runs.model, '(none)') as model,
            addresses.created_at,
            addresses.size_bytes,
            addresses.last_read_at,
        from addresses
        inner join
            places
            on places.scheme = addresses.scheme
            and places.host = addresses.host
            and places.folder = if(
                addresses.host like 's3%' or addresses.host = 'storage.googleapis.com',
                addresses.folder,
                ''
            )
        left join {{ ref("run_totals") }} as runs on runs.run_id = addresses.run_id
    )

select
    checkpoints.provider,
    moments.billing_period,
    coalesce(checkpoints.bucket, '(unknown)') as bucket,
    checkpoints.run_id,
    checkpoints.model,
    checkpoints.created_at,
    checkpoints.size_bytes,
    {{ quotient("checkpoints.size_bytes", "1073741824") }} as gigabytes,
    date_diff(
        'second', greatest(checkpoints.created_at, moments.month_start), moments.as_of
    ) as stored_seconds,
    date_diff('second', moments.month_start, moments.month_end) as month_seconds,
    checkpoints.last_read_at is null
    and checkpoints.created_at
    < moments.as_of
    - to_days(cast(targets.stale_checkpoint_days as integer)) as is_stale,
    checkpoints.created_at
    < moments.as_of - to_days(cast(targets.archive_after_days as integer)) as is_old,
from checkpoints
inner join
    moments
    on moments.provider = checkpoints.provider
    and checkpoints.created_at < moments.as_of
cross join {{ ref("stg_kpi_targets") }} as targets
