-- Google's month begins at midnight in California: at eight in UTC; from April to
-- November, which begin in summer time, at seven.
with
    months as (
        select distinct
            provider,
            billing_period,
            cast(billing_period || '-01' as timestamp) as month_start,
            cast(billing_period || '-01' as timestamp) + interval 1 month as month_end,
        from {{ ref("kpi_details") }}
    )

select
    provider,
    billing_period,
    {% for moment in ["month_start", "month_end"] %}
        {{ moment }} + case
            when provider <> 'gcp'
            then interval 0 hours
            when extract(month from {{ moment }}) between 4 and 11
            then interval 7 hours
            else interval 8 hours
        end as {{ moment }},
    {% endfor %}
from months
