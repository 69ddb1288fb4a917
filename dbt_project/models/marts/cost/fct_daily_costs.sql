with
    -- Grouped by the key of the details first: joining them to a few thousand sums is
    -- cheaper than to every line.
    sums as (select * from {{ ref("charge_sums") }}),

    details as (
        select
            *,
            coalesce(
                provider_name, {{ focus_defaults()["provider_name"] }}
            ) as known_provider_name,
        from {{ ref("focus_charge_details") }}
        where {{ is_in_scope() }}
    ),

    resolutions as (select * from {{ ref("tag_resolutions") }})

select
    sums.billing_period,
    sums.provider,
    details.billing_currency,
    sums.charge_date,
    details.known_provider_name as provider_name,
    details.billing_account_id,
    coalesce(details.sub_account_id, '(none)') as sub_account_id,
    coalesce(details.sub_account_name, '(none)') as sub_account_name,
    coalesce(details.region_id, '(none)') as region_id,
    details.service_category,
    details.service_name,
    details.charge_category,
    coalesce(details.charge_class, '(none)') as charge_class,
    coalesce(details.pricing_category, '(none)') as pricing_category,
    coalesce(
        details.commitment_discount_status, '(none)'
    ) as commitment_discount_status,
    coalesce(resolutions.cost_center, '{{ var("unallocated") }}') as cost_center,
    coalesce(resolutions.cost_center_source, '(none)') as cost_center_source,
    coalesce(resolutions.ai_project, '(none)') as ai_project,
    coalesce(resolutions.ai_model, '(none)') as ai_model,
    coalesce(resolutions.ai_stage, '(none)') as ai_stage,
    coalesce(resolutions.environment, '(none)') as environment,
    coalesce(resolutions.value_sources, '(none)') as value_sources,
    resolutions.has_required_tags,
    cast(sum(sums.charge_count) as bigint) as charge_count,
    sum(sums.billed_cost) as billed_cost,
    sum(sums.effective_cost) as effective_cost,
    sum(sums.contracted_cost) as contracted_cost,
    sum(sums.list_cost) as list_cost,
from sums
inner join
    details
    on details.provider = sums.provider
    and details.billing_period = sums.billing_period
    and details.x_details_id = sums.x_details_id
inner join
    resolutions
    on resolutions.provider = sums.provider
    and resolutions.billing_period = sums.billing_period
    and resolutions.resolution_id = sums.resolution_id
group by all
