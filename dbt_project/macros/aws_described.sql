{#-
    What FOCUS says of an AWS charge beside its amounts and times: `charges` has the native columns of
    `aws_detail_columns`, `line_item_operation`, `product_instance_family`, `marketplace_product` and `kind` (`line`,
    `unused` or `uncancelled`, see `aws_charge_branches`). Yields CTEs; the last is `described`, with every column of
    `charges` and the describing ones of FOCUS.
-#}
{% macro aws_described(charges, source_format) %}
    services as (select * from {{ ref("focus_services") }} where provider = 'aws'),

    regions as (select * from {{ ref("cloud_regions") }} where provider = 'aws'),

    units as (select * from {{ ref("pricing_units") }}),

    machines as (
        select instance_type as machine_name, core_count, memory_gib, gpu_count,
        from {{ ref("aws_instance_types") }}
    ),

    classified as (
        select
            *,
            {{ aws_line_rule() }} as rule_of_line,
            case
                when kind = 'unused'
                then 'Usage'
                when has_resource and rule_of_line = 'discount'
                then 'Usage'
                else {{ aws_charge_category() }}
            end as charge_category,
            case
                when line_item_line_item_type = 'Refund' then 'Correction'
            end as charge_class,
            if(
                kind = 'unused', 'Usage-Based', {{ aws_charge_frequency() }}
            ) as charge_frequency,
            case
                when kind = 'unused'
                then 'Unused'
                when rule_of_line in ('plan_covered', 'reservation_covered')
                then 'Used'
            end as commitment_discount_status,
            -- Only what a commitment pays or buys names it; a discount line that
            -- repeats
            -- the plan's name is neither.
            case
                when
                    charge_category <> 'Usage' or commitment_discount_status is not null
                then coalesce(savings_plan_id, reservation_id)
            end as commitment_discount_id,
            if(
                savings_plan_id is null, 'Reserved Instance', 'Savings Plan'
            ) as kind_of_commitment,
            nullif(product_instance_type, '') as instance_type,
            {{ aws_machine_type("instance_type") }} as machine_type,
            nullif(pricing_rate_code, '') as rate_code,
            nullif(product_sku, '') as sku,
        from {{ charges }}
    ),

    with_units as (
        select
            classified.*,
            coalesce(
                units.focus_unit, {{ focus_unit("classified.pricing_unit") }}, 'Units'
            ) as unit,
        from classified
        left join units on units.native_unit = lower(trim(classified.pricing_unit))
    ),

    described as (
        select
            with_units.* exclude (charge_category, charge_class, pricing_unit),
            nullif(line_item_availability_zone, '') as availability_zone,
            bill_payer_account_id as billing_account_id,
            -- A legacy CUR names no accounts; such an account goes by its number.
            coalesce(
                nullif(bill_payer_account_name, ''), bill_payer_account_id
            ) as billing_account_name,
            line_item_currency_code as billing_currency,
            nullif(
                capacity_reservation_capacity_reservation_arn, ''
            ) as capacity_reservation_id,
            case
                when coalesce(capacity_reservation_capacity_reservation_arn, '') = ''
                then null
                when lower(capacity_reservation_capacity_reservation_status) = 'unused'
                then 'Unused'
                else 'Used'
            end as capacity_reservation_status,
            charge_category,
            charge_class,
            nullif(line_item_line_item_description, '') as charge_description,
            case
                when commitment_discount_id is null
                then null
                when savings_plan_id is not null
                then 'Spend'
                else 'Usage'
            end as commitment_discount_category,
            if(
                commitment_discount_id is null, null, kind_of_commitment
            ) as commitment_discount_type,
            case
                when
                    commitment_discount_id is null
                    or charge_category not in ('Usage', 'Purchase')
                then null
                when savings_plan_id is not null
                then line_item_currency_code
                when is_normalized
                then 'Normalized Hours'
                when coalesce(with_units.pricing_unit, '') = ''
                then 'Hours'
                else unit
            end as commitment_discount_unit,
            nullif(bill_invoice_id, '') as invoice_id,
            nullif(bill_invoicing_entity, '') as invoice_issuer_name,
            case
                when
                    charge_category not in ('Usage', 'Purchase')
                    or charge_class is not null
                then null
                when commitment_discount_status is not null
                then 'Committed'
                when line_item_usage_type like '%SpotUsage%'
                then 'Dynamic'
                else 'Standard'
            end as pricing_category,
            case
                when kind = 'unused'
                then commitment_discount_unit
                when charge_category in ('Usage', 'Purchase')
                then unit
            end as pricing_unit,
            case
                when bill_billing_entity = 'AWS Marketplace'
                then nullif(line_item_legal_entity, '')
            end as publisher_name,
            coalesce(
                regions.region_id, nullif(with_units.product_region_code, '')
            ) as region_id,
            coalesce(
                regions.region_name, nullif(with_units.product_region_code, '')
            ) as region_name,
            case
                when
                    kind = 'unused'
                    or (
                        rule_of_line in ('commitment_fee', 'fee')
                        and coalesce(savings_plan_id, reservation_id) is not null
                    )
                then kind_of_commitment
                when has_resource
                then
                    coalesce(nullif(product_product_family, ''), line_item_product_code)
            end as resource_type,
            coalesce(services.service_category, 'Other') as service_category,
            coalesce(
                services.service_name,
                nullif(marketplace_product, ''),
                nullif(line_item_product_code, ''),
                'Other'
            ) as service_name,
            coalesce(
                services.service_subcategory, 'Other (Other)'
            ) as service_subcategory,
            -- Only what a SKU stands behind has a meter, only what has a price its
            -- details.
            if(charge_category = 'Tax', null, sku) as sku_id,
            if(
                charge_category = 'Tax' or sku is null,
                null,
                nullif(line_item_usage_type, '')
            ) as sku_meter,
            if(charge_category = 'Tax', null, rate_code) as sku_price_id,
            case
                when charge_category <> 'Tax' and rate_code is not null
                then {{ aws_price_details() }}
            end as sku_price_details,
            line_item_usage_account_id as sub_account_id,
            coalesce(
                nullif(line_item_usage_account_name, ''), line_item_usage_account_id
            ) as sub_account_name,
            coalesce(nullif(line_item_line_item_type, ''), '(none)') as x_charge_type,
            instance_type as x_instance_type,
            source as x_source,
            '{{ source_format }}' as x_source_format,
        from with_units
        left join
            services on services.native_name = lower(with_units.line_item_product_code)
        left join regions on regions.native_name = lower(with_units.product_region_code)
        left join machines on machines.machine_name = with_units.machine_type
    )
{% endmacro %}
