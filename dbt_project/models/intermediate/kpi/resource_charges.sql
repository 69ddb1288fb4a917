with
    rules as (select * from {{ ref("stg_published_owner_resources") }}),

    lines as (
        select
            charges.provider,
            charges.billing_period,
            charges.x_details_id,
            charges.resource_id,
            {{ hash_of(["charges.tags", "charges.x_cost_categories"]) }} as tag_set_id,
            cast(charges.charge_period_start as date) as charge_date,
            sum(charges.consumed_quantity) as consumed_quantity,
            sum(charges.pricing_quantity) as pricing_quantity,
            sum(charges.billed_cost) as billed_cost,
            sum(charges.effective_cost) as effective_cost,
            sum(charges.list_cost) as list_cost,
        from {{ ref("stg_published_charges") }} as charges
        where charges.resource_id is not null and {{ is_in_scope("charges") }}
        group by
            charges.provider,
            charges.billing_period,
            charges.x_details_id,
            charges.resource_id,
            {{ hash_of(["charges.tags", "charges.x_cost_categories"]) }},
            cast(charges.charge_period_start as date)
    )

select
    lines.provider,
    lines.billing_period,
    details.billing_currency,
    lines.resource_id,
    lines.charge_date,
    details.sub_account_id,
    details.region_id,
    details.instance_type,
    details.commitment_discount_id,
    owners.cost_center,
    owners.ai_project,
    owners.ai_model,
    owners.ai_stage,
    owners.environment,
    -- Google meters the GPUs and the cores of a machine in lines of their own.
    details.gpus_metered is not null as is_metered_by_gpu,
    details.is_provisioned_concurrency,
    case
        when details.units_per_machine is null
        then null
        when details.pricing_unit = 'Hours'
        then {{ quotient("lines.pricing_quantity", "details.units_per_machine") }}
        when details.consumed_unit = 'Hours'
        then {{ quotient("lines.consumed_quantity", "details.units_per_machine") }}
        when details.consumed_unit = 'Seconds'
        then
            {{
                quotient(
                    "lines.consumed_quantity", "details.units_per_machine * 3600"
                )
            }}
        else
            {{ quotient("lines.pricing_quantity", "details.units_per_machine * 3600") }}
    end as machine_hours,
    case
        when details.charge_category <> 'Usage'
        then '(none)'
        when details.commitment_discount_status = 'Used'
        then 'committed'
        when details.commitment_discount_status = 'Unused'
        then '(none)'
        when details.is_spot
        then 'spot'
        when details.pricing_category = 'Standard'
        then 'on demand'
        else '(none)'
    end as priced_as,
    lines.billed_cost,
    lines.effective_cost,
    lines.list_cost,
from lines
inner join
    {{ ref("kpi_details") }} as details
    on details.provider = lines.provider
    and details.billing_period = lines.billing_period
    and details.x_details_id = lines.x_details_id
left join
    rules
    on rules.provider = lines.provider
    and rules.billing_period = lines.billing_period
    and rules.resource_id = lines.resource_id
left join
    {{ ref("stg_published_owners") }} as owners
    on owners.provider = lines.provider
    and owners.billing_period = lines.billing_period
    and owners.x_details_id = lines.x_details_id
    and owners.tag_set_id = lines.tag_set_id
    and owners.resource_rules = coalesce(rules.resource_rules, '')
    and lines.charge_date between owners.first_day and owners.last_day
