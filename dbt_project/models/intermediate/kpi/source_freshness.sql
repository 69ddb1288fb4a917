{{ config(relation_type="view") }}

select
    billing_period,
    coalesce(provider, '(all)') as provider,
    feed,
    source,
    greatest(date_diff('second', max(newest_data_at), max(as_of)), 0) as age_seconds,
from {{ ref("stg_kpi_freshness") }}
group by billing_period, coalesce(provider, '(all)'), feed, source
