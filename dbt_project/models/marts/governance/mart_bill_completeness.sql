{{ config(materialized="view") }}

with
    published as (select distinct billing_period from {{ ref("mart_chargeback") }}),

    -- A provider that charged in the month before is expected to charge again.
    expected as (
        select billing_period, provider, billing_currency,
        from {{ ref("mart_chargeback") }}
        union
        select
            {{ next_billing_period("billing_period") }} as billing_period,
            provider,
            billing_currency,
        from {{ ref("mart_chargeback_as_closed") }}
    ),

    charged as (
        select
            billing_period,
            provider,
            billing_currency,
            count(distinct charge_date) as days_with_charges,
            max(charge_date) as last_charge_date,
        from {{ ref("fct_daily_costs") }}
        where substr(cast(charge_date as varchar), 1, 7) = billing_period
        group by billing_period, provider, billing_currency
    )

select
    expected.billing_period,
    expected.provider,
    expected.billing_currency,
    cast(coalesce(charged.days_with_charges, 0) as integer) as days_with_charges,
    cast(
        date_diff(
            'day',
            cast(expected.billing_period || '-01' as date),
            cast({{ next_billing_period("expected.billing_period") }} || '-01' as date)
        ) as integer
    ) as days_in_month,
    charged.last_charge_date,
from expected
inner join published on published.billing_period = expected.billing_period
left join
    charged
    on charged.billing_period = expected.billing_period
    and charged.provider = expected.provider
    and charged.billing_currency = expected.billing_currency
