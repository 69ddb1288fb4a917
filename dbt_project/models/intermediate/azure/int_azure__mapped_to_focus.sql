{#- FOCUS columns that Azure's cost exports have nothing for, or that follow by rule (see staging/README.md). -#}
{% set absent = [
    "capacity_reservation_id",
    "capacity_reservation_status",
    "list_unit_price",
    "provider_name",
    "x_source_changes",
] + focus_columns_of_1_3() %}

with
    services as (select * from {{ ref("focus_services") }} where provider = 'azure'),

    regions as (select * from {{ ref("cloud_regions") }} where provider = 'azure'),

    charges as (
        select
            *,
            coalesce(
                product_id,
                meter_id,
                product_order_id,
                -- A marketplace offer may have a name only.
                if(charge_category in ('Usage', 'Purchase'), product_name, null)
            ) as sku,
            if(
                lower(publisher_type) in ('marketplace', 'aws', 'gcp'),
                publisher_name,
                null
            ) as marketplace_publisher,
            nullif(
                regexp_extract(additional_info, '"ServiceType"\s*:\s*"([^"]+)"', 1), ''
            ) as instance_type,
            nullif(
                regexp_extract(additional_info, '"VCPUs"\s*:\s*"?(\d+)', 1), ''
            ) as core_count,
        from {{ ref("int_azure__priced") }}
    ),

    described as (
        select *, sku is not null and charge_category <> 'Tax' as is_sold, from charges
    ),

    mapped as (
        select
            described.provider,
            billing_period,
            availability_zone,
            billed_cost,
            if(
                is_invoiced_by_profile, billing_profile_id, billing_account_id
            ) as billing_account_id,
            if(
                is_invoiced_by_profile, billing_profile_name, billing_account_name
            ) as billing_account_name,
            if(
                is_invoiced_by_profile, 'Billing Profile', 'Billing Account'
            ) as billing_account_type,
            billing_currency,
            charge_category,
            charge_class,
            coalesce(
                if(charge_category = 'Purchase', product_order_name, null),
                product_name,
                meter_name
            ) as charge_description,
            case
                when charge_category = 'Usage'
                then 'Usage-Based'
                when lower(frequency) = 'recurring'
                then 'Recurring'
                else 'One-Time'
            end as charge_frequency,
            -- Azure dates a charge by its last day, inclusive.
            charge_date + interval 1 day as charge_period_end,
            charge_date as charge_period_start,
            case
                when commitment_id is null
                then null
                when is_savings_plan
                then 'Spend'
                else 'Usage'
            end as commitment_discount_category,
            commitment_id as commitment_discount_id,
            if(
                commitment_id is null,
                null,
                coalesce(benefit_name, reservation_name, product_order_name)
            ) as commitment_discount_name,
            case
                when commitment_id is null or charge_class is not null
                then null
                when is_savings_plan
                then cost
                else unit_count
            end as commitment_discount_quantity,
            case
                when commitment_id is null or not is_commitment_usage
                then null
                when is_unused
                then 'Unused'
                else 'Used'
            end as commitment_discount_status,
            case
                when commitment_id is null
                then null
                when is_savings_plan
                then 'Savings Plan'
                else 'Reservation'
            end as commitment_discount_type,
            case
                when commitment_id is null or charge_class is not null
                then null
                when is_savings_plan
                then billing_currency
                else unit
            end as commitment_discount_unit,
            if(
                charge_category = 'Usage' and not is_unused, unit_count, null
            ) as consumed_quantity,
            if(
                charge_category = 'Usage' and not is_unused, unit, null
            ) as consumed_unit,
            contracted_cost,
            contracted_unit_price,
            effective_cost,
            invoice_id,
            reseller_name as invoice_issuer_name,
            list_cost,
            case
                when charge_category not in ('Usage', 'Purchase')
                then null
                when is_commitment_usage
                then 'Committed'
                when lower(pricing_model) = 'spot'
                then 'Dynamic'
                when
                    lower(pricing_model) = 'ondemand'
                    or pricing_model is null
                    or is_commitment_fee
                then 'Standard'
                else 'Other'
            end as pricing_category,
            pricing_currency,
            pricing_currency_effective_cost,
            pricing_currency_contracted_unit_price,
            pricing_currency_list_unit_price,
            pricing_quantity,
            pricing_unit,
            marketplace_publisher as publisher_name,
            coalesce(
                regions.region_id, lower(replace(resource_location, ' ', ''))
            ) as region_id,
            coalesce(regions.region_name, resource_location) as region_name,
            resource_id,
            if(
                resource_id is null,
                null,
                coalesce(resource_name, regexp_extract(resource_id, '([^/]+)/*$', 1))
            ) as resource_name,
            if(
                resource_id is null,
                null,
                coalesce(
                    nullif(
                        regexp_extract(
                            resource_id, '.*(?i:/providers)/([^/]+/[^/]+)', 1
                        ),
                        ''
                    ),
                    'Resource'
                )
            ) as resource_type,
            coalesce(services.service_category, 'Other') as service_category,
            coalesce(
                services.service_name,
                meter_category,
                consumed_service,
                marketplace_publisher,
                'Azure'
            ) as service_name,
            coalesce(
                services.service_subcategory, 'Other (Other)'
            ) as service_subcategory,
            if(is_sold, sku, null) as sku_id,
            if(
                is_sold,
                coalesce(meter_name, product_name, product_order_name, meter_category),
                null
            ) as sku_meter,
            if(
                is_sold, {{ sku_price_details("instance_type", "core_count") }}, null
            ) as sku_price_details,
            if(
                is_sold, concat_ws('/', sku, meter_id, pricing_model, term), null
            ) as sku_price_id,
            subscription_id as sub_account_id,
            subscription_name as sub_account_name,
            if(subscription_id is null, null, 'Subscription') as sub_account_type,
            tags,
            charge_type as x_charge_type,
            instance_type as x_instance_type,
            source as x_source,
            source_format as x_source_format,
        from described
        left join
            services
            on services.native_name
            = lower(coalesce(described.meter_category, described.consumed_service))
        left join
            regions
            on regions.native_name
            = lower(replace(described.resource_location, ' ', ''))
    )

    {{ select_focus_columns("mapped", absent) }}
