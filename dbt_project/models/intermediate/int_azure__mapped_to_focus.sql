{#- FOCUS columns that Azure's cost exports have nothing for, or that follow by rule (see staging/README.md). -#}
{% set absent = [
    "capacity_reservation_id",
    "capacity_reservation_status",
    "list_unit_price",
    "provider_name",
    "x_source_changes",
] %}

with
    services as (select * from {{ ref("focus_services") }} where provider = 'azure'),

    regions as (select * from {{ ref("cloud_regions") }} where provider = 'azure'),

    units as (select * from {{ ref("pricing_units") }}),

    classified as (
        select
            *,
            {{ azure_is_priced_by_commitment() }} as is_priced_by_commitment,
            {{ azure_is_paid_by_commitment() }} as is_paid_by_commitment,
            {{ azure_is_commitment_fee() }} as is_commitment_fee,
            -- An MCA billing account is named by two ids with a colon; there, the
            -- profile is what is invoiced.
            coalesce(
                billing_account_id like '%:%' and billing_profile_id is not null, false
            ) as is_invoiced_by_profile,
            case
                lower(charge_type)
                when 'usage'
                then 'Usage'
                when 'unusedreservation'
                then 'Usage'
                when 'unusedsavingsplan'
                then 'Usage'
                when 'purchase'
                then 'Purchase'
                when 'refund'
                then 'Purchase'
                when 'tax'
                then 'Tax'
                when 'credit'
                then 'Credit'
                else 'Adjustment'
            end as charge_category,
            case
                when lower(charge_type) = 'refund' then 'Correction'
            end as charge_class,
            coalesce(
                lower(charge_type) in ('unusedreservation', 'unusedsavingsplan'), false
            ) as is_unused,
            -- Prices are in the pricing currency, costs in the billing currency; only
            -- MCA tells the two apart.
            cast(
                unit_price * coalesce(exchange_rate, 1) as decimal(38, 12)
            ) as billing_unit_price,
            cast(
                pay_as_you_go_price * coalesce(exchange_rate, 1) as decimal(38, 12)
            ) as billing_list_price,
            cast(quantity as double)
            * coalesce(nullif(unit_price, 0), nullif(effective_price, 0))
            * coalesce(exchange_rate, 1) as price_times_quantity,
            {{ block_size_of("unit_of_measure") }} as block_size,
            {{ unit_of_block("unit_of_measure") }} as native_unit,
        from {{ ref("int_azure__lines") }}
    ),

    -- A price is for a block (of 10,000, say), but some exports count the blocks and
    -- others the units in them. Price times quantity is near the cost in the first case
    -- and a whole block size away in the second; halfway between, on the scale of
    -- ratios, is the root of the block size.
    measured as (
        select
            *,
            case
                when block_size = 1
                then quantity
                when abs(price_times_quantity) < abs(cost) * sqrt(block_size)
                then quantity
                else cast(quantity / block_size as decimal(38, 12))
            end as pricing_quantity,
        from classified
    ),

    costed as (
        select
            *,
            case
                -- The actual export has nothing but fees here.
                when is_paid_by_commitment and source_format = 'azure_amortized'
                then 0
                else cost
            end as billed_cost,
            case when is_commitment_fee then 0 else cost end as effective_cost,
            charge_category in ('Usage', 'Purchase')
            and charge_class is null
            and not is_unused
            and not is_commitment_fee
            and (coalesce(unit_price, 0) <> 0 or cost = 0) as has_unit_price,
            coalesce(benefit_id, reservation_id, product_order_id) as benefit,
        from measured
    ),

    charges as (
        select
            costed.*,
            case
                when is_commitment_fee
                then 0
                when has_unit_price
                then
                    cast(
                        coalesce(billing_unit_price, 0)
                        * pricing_quantity as decimal(38, 12)
                    )
                else cost
            end as contracted_cost,
            if(is_paid_by_commitment, benefit, null) as commitment_id,
            coalesce(
                product_id,
                meter_id,
                product_order_id,
                -- A marketplace offer may have a name only.
                if(charge_category in ('Usage', 'Purchase'), product_name, null)
            ) as sku,
            coalesce(pricing_currency <> billing_currency, false) as is_converted,
            coalesce(
                not is_commitment_fee
                and charge_category = 'Usage'
                and is_priced_by_commitment,
                false
            ) as is_commitment_usage,
            coalesce(
                lower(benefit) like '%/microsoft.billingbenefits/%'
                or lower(replace(pricing_model, ' ', '')) = 'savingsplan',
                false
            ) as is_savings_plan,
            if(
                lower(publisher_type) in ('marketplace', 'aws', 'gcp'),
                publisher_name,
                null
            ) as marketplace_publisher,
            coalesce(
                {{
                    focus_unit_of(
                        "coalesce(units.focus_unit, nullif(costed.native_unit, ''))"
                    )
                }},
                'Units'
            ) as unit,
        from costed
        left join units on units.native_unit = costed.native_unit
    ),

    mapped as (
        select
            charges.provider,
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
                else cast(pricing_quantity * block_size as decimal(38, 12))
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
                charge_category = 'Usage' and not is_unused,
                cast(pricing_quantity * block_size as decimal(38, 12)),
                null
            ) as consumed_quantity,
            if(
                charge_category = 'Usage' and not is_unused, unit, null
            ) as consumed_unit,
            contracted_cost,
            if(
                has_unit_price,
                cast(billing_unit_price / spread_block as decimal(38, 12)),
                null
            ) as contracted_unit_price,
            effective_cost,
            invoice_id,
            reseller_name as invoice_issuer_name,
            case
                when is_commitment_fee
                then 0
                when not has_unit_price
                then contracted_cost
                when pay_as_you_go_cost <> 0
                then pay_as_you_go_cost
                -- EA names no list cost, and a list price of 0 where it has none to
                -- tell.
                when billing_list_price <> 0
                then cast(billing_list_price * pricing_quantity as decimal(38, 12))
                else contracted_cost
            end as list_cost,
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
            case
                when not is_converted
                then null
                when effective_cost = 0
                then 0
                when cost_in_pricing_currency is not null
                then cost_in_pricing_currency
                else cast(cast(cost as double) * pricing_rate as decimal(38, 12))
            end as pricing_currency_effective_cost,
            if(
                is_converted and has_unit_price,
                cast(unit_price / spread_block as decimal(38, 12)),
                null
            ) as pricing_currency_contracted_unit_price,
            case
                when not is_converted or not has_unit_price
                then null
                when pay_as_you_go_price <> 0
                then cast(pay_as_you_go_price / spread_block as decimal(38, 12))
                when pay_as_you_go_cost <> 0 and pricing_quantity <> 0
                then
                    cast(
                        cast(pay_as_you_go_cost as double)
                        * pricing_rate
                        / (pricing_quantity * spread_block) as decimal(38, 12)
                    )
                else cast(unit_price / spread_block as decimal(38, 12))
            end as pricing_currency_list_unit_price,
            if(
                charge_category in ('Usage', 'Purchase'),
                cast(pricing_quantity * spread_block as decimal(38, 12)),
                null
            ) as pricing_quantity,
            case
                when
                    charge_category not in ('Usage', 'Purchase')
                    or pricing_quantity is null
                then null
                when block_size = spread_block
                then unit
                else block_size || ' ' || unit
            end as pricing_unit,
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
        from
            (
                select
                    *,
                    sku is not null and charge_category <> 'Tax' as is_sold,
                    nullif(
                        regexp_extract(
                            additional_info, '"ServiceType"\s*:\s*"([^"]+)"', 1
                        ),
                        ''
                    ) as instance_type,
                    nullif(
                        regexp_extract(additional_info, '"VCPUs"\s*:\s*"?(\d+)', 1), ''
                    ) as core_count,
                    -- FOCUS has blocks of plain units only: 100 GB/Month are GB-Months,
                    -- a hundred times as many.
                    if(regexp_matches(unit, '[-/]'), block_size, 1) as spread_block,
                    -- What it is to pay in the pricing currency for one unit of the
                    -- billing currency; where none is named, prices tell.
                    nullif(
                        case
                            when exchange_rate <> 0
                            then 1 / cast(exchange_rate as double)
                            when cost <> 0 and cost_in_pricing_currency <> 0
                            then
                                cast(cost_in_pricing_currency as double)
                                / cast(cost as double)
                            when cost <> 0
                            then
                                cast(effective_price as double)
                                * pricing_quantity
                                / cast(cost as double)
                        end,
                        0
                    ) as pricing_rate,
                from charges
            ) as charges
        left join
            services
            on services.native_name
            = lower(coalesce(charges.meter_category, charges.consumed_service))
        left join
            regions
            on regions.native_name = lower(replace(charges.resource_location, ' ', ''))
    )

    {{ select_focus_columns("mapped", absent) }}
