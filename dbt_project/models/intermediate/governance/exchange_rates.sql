{{ config(materialized="ephemeral") }}

{% set delivered = formats_in_scope() %}

with
    converted_lines as (
        {% if "gcp_detailed" in delivered or "gcp_standard" in delivered %}
            -- Google converts its prices in US dollars.
            select
                provider,
                billing_period,
                currency as billing_currency,
                'USD' as pricing_currency,
                currency_conversion_rate as rate,
            from {{ ref("int_gcp__lines") }}
            union all
        {% endif %}
        {% if "azure_amortized" in delivered or "azure_actual" in delivered %}
            select
                provider,
                billing_period,
                billing_currency,
                pricing_currency,
                exchange_rate as rate,
            from {{ ref("int_azure__lines") }}
            union all
        {% endif %}
        select
            cast(null as varchar) as provider,
            cast(null as varchar) as billing_period,
            cast(null as varchar) as billing_currency,
            cast(null as varchar) as pricing_currency,
            cast(null as {{ var("money_type") }}) as rate,
        where false
    )

select
    billing_period,
    provider,
    billing_currency,
    pricing_currency,
    rate,
    count(*) as row_count,
from converted_lines
where pricing_currency <> billing_currency and rate > 0
group by billing_period, provider, billing_currency, pricing_currency, rate
