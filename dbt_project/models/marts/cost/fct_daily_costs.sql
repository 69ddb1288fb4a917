with
    by_tags as (select * from {{ ref("focus_charges_by_day") }}),

    resolutions as (select * from {{ ref("tag_resolutions") }}),

    resolved as (
        select
            by_tags.billing_period,
            by_tags.provider,
            by_tags.billing_currency,
            by_tags.charge_date,
            by_tags.provider_name,
            by_tags.billing_account_id,
            coalesce(by_tags.sub_account_id, '(none)') as sub_account_id,
            coalesce(by_tags.sub_account_name, '(none)') as sub_account_name,
            coalesce(by_tags.region_id, '(none)') as region_id,
            by_tags.service_category,
            by_tags.service_name,
            by_tags.charge_category,
            coalesce(by_tags.charge_class, '(none)') as charge_class,
            coalesce(by_tags.pricing_category, '(none)') as pricing_category,
            coalesce(
                by_tags.commitment_discount_status, '(none)'
            ) as commitment_discount_status,
            coalesce(resolutions.cost_center, '(unallocated)') as cost_center,
            coalesce(resolutions.cost_center_source, '(none)') as cost_center_source,
            coalesce(resolutions.ai_project, '(none)') as ai_project,
            coalesce(resolutions.ai_model, '(none)') as ai_model,
            coalesce(resolutions.ai_stage, '(none)') as ai_stage,
            coalesce(resolutions.environment, '(none)') as environment,
            coalesce(resolutions.value_sources, '(none)') as value_sources,
            resolutions.has_required_tags,
            by_tags.charge_count,
            by_tags.billed_cost,
            by_tags.effective_cost,
            by_tags.contracted_cost,
            by_tags.list_cost,
        from by_tags
        inner join
            resolutions
            on resolutions.provider = by_tags.provider
            and resolutions.billing_period = by_tags.billing_period
            and resolutions.resolution_id = by_tags.resolution_id
    )

select
    billing_period,
    provider,
    billing_currency,
    charge_date,
    provider_name,
    billing_account_id,
    sub_account_id,
    sub_account_name,
    region_id,
    service_category,
    service_name,
    charge_category,
    charge_class,
    pricing_category,
    commitment_discount_status,
    cost_center,
    cost_center_source,
    ai_project,
    ai_model,
    ai_stage,
    environment,
    value_sources,
    has_required_tags,
    cast(sum(charge_count) as bigint) as charge_count,
    sum(billed_cost) as billed_cost,
    sum(effective_cost) as effective_cost,
    sum(contracted_cost) as contracted_cost,
    sum(list_cost) as list_cost,
from resolved
group by
    billing_period,
    provider,
    billing_currency,
    charge_date,
    provider_name,
    billing_account_id,
    sub_account_id,
    sub_account_name,
    region_id,
    service_category,
    service_name,
    charge_category,
    charge_class,
    pricing_category,
    commitment_discount_status,
    cost_center,
    cost_center_source,
    ai_project,
    ai_model,
    ai_stage,
    environment,
    value_sources,
    has_required_tags
