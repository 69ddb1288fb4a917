-- Google's month begins at midnight in California: at eight in UTC, in summer at seven.
select distinct
    provider,
    billing_period,
    cast(billing_period || '-01' as timestamp)
    + if(provider = 'gcp', interval 8 hours, interval 0 hours) as month_start,
    cast(billing_period || '-01' as timestamp)
    + interval 1 month
    + if(provider = 'gcp', interval 8 hours, interval 0 hours) as month_end,
from {{ ref("kpi_details") }}
