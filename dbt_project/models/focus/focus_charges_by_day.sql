{{
    config(
        materialized="ephemeral",
        group="bills",
        access="protected",
        contract={"enforced": false},
    )
}}

with
    -- Grouped by the key of the details first: joining them to a few thousand sums is
    -- cheaper than to every line.
    sums as (
        select
            provider,
            billing_period,
            x_details_id,
            tags,
            x_cost_categories,
            cast(charge_period_start as date) as charge_date,
            count(*) as charge_count,
            sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost,
            sum(contracted_cost) as contracted_cost,
            sum(list_cost) as list_cost,
        from {{ ref("focus_charges") }}
        where {{ is_in_scope() }}
        group by
            provider,
            billing_period,
            x_details_id,
            tags,
            x_cost_categories,
            cast(charge_period_start as date)
    ),

    details as (
        select * from {{ ref("focus_charge_details") }} where {{ is_in_scope() }}
    )

select
    sums.provider,
    sums.billing_period,
    sums.charge_date,
    {{ tags_of_charge() }} as tags,
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
