{{ config(materialized="ephemeral") }}

with
    -- Grouped by the key of the details first: joining them to a few thousand sums is
    -- cheaper than to every line.
    sums as (select * from {{ ref("charge_sums") }}),

    details as (
        select * from {{ ref("focus_charge_details") }} where {{ is_in_scope() }}
    )

select
    sums.provider,
    sums.billing_period,
    sums.charge_date,
    sums.resolution_id,
    details.billing_currency,
    coalesce(
        details.provider_name,
        {{
            focus_defaults()["provider_name"].replace(
                "case provider", "case sums.provider"
            )
        }}
    ) as provider_name,
    details.billing_account_id,
    details.sub_account_id,
    details.sub_account_name,
    details.region_id,
    details.service_category,
    details.service_name,
    details.charge_category,
    details.charge_class,
    details.pricing_category,
    details.commitment_discount_status,
    sums.charge_count,
    sums.billed_cost,
    sums.effective_cost,
    sums.contracted_cost,
    sums.list_cost,
from sums
inner join
    details
    on details.provider = sums.provider
    and details.billing_period = sums.billing_period
    and details.x_details_id = sums.x_details_id
