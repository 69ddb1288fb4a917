{{ config(materialized="ephemeral") }}

with
    -- Grouped by the key of the details first: joining them to a few hundred sums is
    -- cheaper than to those of every day.
    sums as (
        select
            provider,
            billing_period,
            x_details_id,
            sum(charge_count) as charge_count,
            sum(billed_cost) as billed_cost,
        from {{ ref("charge_sums") }}
        group by provider, billing_period, x_details_id
    ),

    details as (
        select
            provider as details_provider,
            billing_period as details_period,
            x_details_id as details_id,
            billing_account_id,
            billing_currency,
            charge_category,
            invoice_id,
            invoice_issuer_name,
            provider_name,
        from {{ ref("focus_charge_details") }}
        where {{ is_in_scope() }}
    ),

    described as (
        select *
        from sums
        inner join
            details
            on details.details_provider = sums.provider
            and details.details_period = sums.billing_period
            and details.details_id = sums.x_details_id
    )

select
    provider,
    billing_period,
    billing_currency,
    coalesce(
        invoice_issuer_name, {{ focus_defaults()["invoice_issuer_name"] }}
    ) as invoice_issuer_name,
    billing_account_id,
    invoice_id,
    charge_category,
    charge_count,
    billed_cost,
from described
