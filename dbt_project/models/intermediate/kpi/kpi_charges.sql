{%- set by_the_hour = "resources.resource_id is not null or details.is_spot" -%}

with
    details as (select * from {{ ref("kpi_details") }}),

    resources as (select * from {{ ref("telemetry_resources") }}),

    rules as (select * from {{ ref("stg_published_owner_resources") }}),

    lines as (
        select
            charges.provider,
            charges.billing_period,
            charges.x_details_id,
            charges.resource_id,
            {{ hash_of(["charges.tags", "charges.x_cost_categories"]) }} as tag_set_id,
            min(charges.charge_period_start) as charge_start,
            max(charges.charge_period_end) as charge_end,
            sum(charges.consumed_quantity) as consumed_quantity,
            sum(charges.pricing_quantity) as pricing_quantity,
            sum(charges.billed_cost) as billed_cost,
            sum(charges.effective_cost) as effective_cost,
            sum(charges.contracted_cost) as contracted_cost,
            sum(charges.list_cost) as list_cost,
        from {{ ref("stg_published_charges") }} as charges
        inner join
            details
            on details.provider = charges.provider
            and details.billing_period = charges.billing_period
            and details.x_details_id = charges.x_details_id
        left join
            resources
            on resources.provider = charges.provider
            and resources.resource_id = charges.resource_id
        where
            {{ is_in_scope("charges") }}
            and (
                {{ by_the_hour }}
                or details.is_gpu
                or details.is_transfer
                or details.is_storage
                or details.is_tokens
            )
        group by
            charges.provider,
            charges.billing_period,
            charges.x_details_id,
            charges.resource_id,
            {{ hash_of(["charges.tags", "charges.x_cost_categories"]) }},
            cast(charges.charge_period_start as date),
            -- Nobody asks for the hours of what no telemetry speaks of.
            if({{ by_the_hour }}, charges.charge_period_start, null),
            if({{ by_the_hour }}, charges.charge_period_end, null)
    )

select
    lines.provider,
    lines.billing_period,
    details.billing_currency,
    lines.resource_id,
    lines.charge_start,
    lines.charge_end,
    cast(lines.charge_start as date) as charge_date,
    details.* exclude (provider, billing_period, x_details_id, billing_currency),
    coalesce(owners.cost_center, '{{ var("unallocated") }}') as cost_center,
    coalesce(owners.ai_project, '(none)') as ai_project,
    coalesce(owners.ai_model, '(none)') as ai_model,
    coalesce(owners.ai_stage, '(none)') as ai_stage,
    coalesce(owners.environment, '(none)') as environment,
    lines.consumed_quantity,
    case
        when not details.is_metered_by_time
        then null
        when details.pricing_unit = 'Hours'
        then lines.pricing_quantity
        when details.consumed_unit = 'Hours'
        then lines.consumed_quantity
        when details.consumed_unit = 'Seconds'
        then {{ quotient("lines.consumed_quantity", "3600") }}
        else {{ quotient("lines.pricing_quantity", "3600") }}
    end as metered_hours,
    cast(
        details.tokens_per_unit * case
            when details.consumed_unit in ('Tokens', 'Units', 'Count')
            then lines.consumed_quantity
            else lines.pricing_quantity
        end as {{ var("money_type") }}
    ) as tokens,
    lines.pricing_quantity,
    cast(
        lines.pricing_quantity * details.gigabytes_per_unit as {{ var("money_type") }}
    ) as gigabytes,
    lines.billed_cost,
    lines.effective_cost,
    lines.contracted_cost,
    lines.list_cost,
from lines
inner join
    details
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
    and cast(lines.charge_start as date) between owners.first_day and owners.last_day
