{{ config(relation_type="view") }}

{#-
    The 95th percentile of up to 19 hours is the largest of them, of 20 to 24 the second largest. Two hours differ in at least one
    binary digit, and there the largest is on one side and the second on the other: so the second is the largest of the lesser
    maxima. A list of the values of each day would have to fit into memory; maxima do not.
-#}
{%- set rates = "metric in ('network_bytes_per_second', 'disk_bytes_per_second')" -%}

with
    hours as (
        select
            provider,
            resource_id,
            metric,
            cast(bucket_start as date) as usage_date,
            cast(extract(hour from bucket_start) as integer) as usage_hour,
            cast(minutes_covered as integer) as minutes_covered,
            cast(average as decimal(24, 6)) as average,
            coalesce(p95, maximum, average) as p95,
            greatest(maximum, p95, average) as maximum,
            average < if({{ rates }}, 10000, 5) as is_idle,
            average < 40 and not {{ rates }} as is_low,
            extract(hour from bucket_start) not between 7
            and 18
            or extract(isodow from bucket_start) > 5 as is_night,
        from {{ ref("stg_telemetry_resource_metrics") }}
        where {{ begins_in_scope("bucket_start") }}
    ),

    days as (
        select
            provider,
            resource_id,
            metric,
            usage_date,
            count(*) as hours_measured,
            sum(minutes_covered) as minutes_covered,
            sum(average * minutes_covered) as sum_of_minutes,
            case
                when count(*) < 20
                then max(p95)
                else
                    greatest(
                        {% for digit in [1, 2, 4, 8, 16] %}
                            least(
                                max(p95) filter (where usage_hour & {{ digit }} = 0),
                                max(p95) filter (where usage_hour & {{ digit }} <> 0)
                            )
                            {%- if not loop.last %},{% endif %}
                        {% endfor %}
                    )
            end as p95,
            max(maximum) as maximum,
            count(*) filter (where is_idle) as idle_hours,
            -- A binary digit for each hour.
            bit_or(if(is_low, 1 << usage_hour, 0)) as low_hours,
            sum(minutes_covered) filter (where is_night) as night_minutes,
            sum(average * minutes_covered) filter (
                where is_night
            ) as sum_of_night_minutes,
        from hours
        group by provider, resource_id, metric, usage_date
    ),

    dated as (
        select *, substr(cast(usage_date as varchar), 1, 7) as billing_period, from days
    )

select
    billing_period,
    provider,
    usage_date,
    resource_id,
    metric,
    {{ quotient("sum_of_minutes", "minutes_covered") }} as average,
    cast(p95 as {{ var("money_type") }}) as p95,
    cast(maximum as {{ var("money_type") }}) as maximum,
    {{ quotient("sum_of_night_minutes", "night_minutes") }} as night_average,
    cast(minutes_covered as integer) as minutes_covered,
    cast(hours_measured as integer) as hours_measured,
    cast(idle_hours as integer) as idle_hours,
    case
        when not {{ rates }}
        then
            cast(
                list_max(
                    list_transform(
                        string_split(bin(low_hours), '0'), lambda run:length(run)
                    )
                ) as integer
            )
    end as longest_low_hours,
from dated
