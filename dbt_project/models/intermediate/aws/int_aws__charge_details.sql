{#- Describing columns of FOCUS that a CUR has nothing for, or that follow by rule (see staging/README.md). -#}
{% set absent = [
    "billing_account_type",
    "commitment_discount_name",
    "consumed_unit",
    "pricing_currency",
    "provider_name",
    "sub_account_type",
    "x_source_changes",
] + focus_columns_of_1_3() %}

with
    -- The `product` map costs as much as everything else of a line, so it is opened
    -- only where nothing else names what was bought.
    marketplace_products as (
        select
            provider,
            billing_period,
            line_item_product_code as product_code,
            max(product_product_name) as marketplace_product,
        from {{ ref("int_aws__lines_unioned") }}
        where bill_billing_entity = 'AWS Marketplace'
        group by provider, billing_period, line_item_product_code
    ),

    services as (select * from {{ ref("focus_services") }} where provider = 'aws'),

    regions as (select * from {{ ref("cloud_regions") }} where provider = 'aws'),

    units as (select * from {{ ref("pricing_units") }}),

    machines as (
        select
            instance_type as machine_name,
            vcpus as core_count,
            memory_gib,
            gpus as gpu_count,
        from {{ ref("machine_types") }}
        where provider = 'aws'
    ),

    classified as (
        select
            *,
            case
                when kind = 'unused'
                then 'Usage'
                when line_rule in ('usage', 'plan_covered', 'reservation_covered')
                then 'Usage'
                when line_rule = 'discount'
                then if(has_resource, 'Usage', 'Credit')
                when line_rule = 'commitment_fee' or line_item_line_item_type = 'Fee'
                then 'Purchase'
                when line_item_line_item_type in ('Credit', 'Tax')
                then line_item_line_item_type
                -- An unknown type too; x_charge_type keeps its name.
                else 'Adjustment'
            end as charge_category,
            if(corrects_earlier_period, 'Correction', null) as charge_class,
            case
                when
                    kind = 'unused'
                    or line_rule in ('usage', 'plan_covered', 'reservation_covered')
                then 'Usage-Based'
                when line_item_line_item_type in ('SavingsPlanRecurringFee', 'RIFee')
                then 'Recurring'
                else 'One-Time'
            end as charge_frequency,
            case
                when kind = 'unused'
                then 'Unused'
                when line_rule in ('plan_covered', 'reservation_covered')
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
            -- The machine that it names, whatever is put around it: `m5.large` of
            -- `ml.m5.large` and of `m5.large.search`.
            nullif(
                regexp_extract(
                    regexp_replace(
                        product_instance_type, '\.(search|elasticsearch)$', ''
                    ),
                    '[^.]+\.[^.]+$'
                ),
                ''
            ) as machine_type,
            nullif(pricing_rate_code, '') as rate_code,
            nullif(product_sku, '') as sku,
        from {{ ref("int_aws__details_grouped") }}
    ),

    with_units as (
        select
            classified.*,
            coalesce(
                units.focus_unit, {{ focus_unit("classified.pricing_unit") }}, 'Units'
            ) as unit,
        from classified
        left join units on units.native_unit = lower(trim(classified.pricing_unit))
    )

select
    with_units.provider,
    with_units.billing_period,
    x_details_id,
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
    charge_frequency,
    commitment_discount_id,
    commitment_discount_status,
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
        when charge_category not in ('Usage', 'Purchase') or charge_class is not null
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
                line_rule in ('commitment_fee', 'fee')
                and coalesce(savings_plan_id, reservation_id) is not null
            )
        then kind_of_commitment
        when has_resource
        then coalesce(nullif(product_product_family, ''), line_item_product_code)
    end as resource_type,
    coalesce(services.service_category, 'Other') as service_category,
    coalesce(
        services.service_name,
        nullif(marketplace_product, ''),
        nullif(line_item_product_code, ''),
        'Other'
    ) as service_name,
    coalesce(services.service_subcategory, 'Other (Other)') as service_subcategory,
    -- Only what a SKU stands behind has a meter, only what has a price its
    -- details.
    if(charge_category = 'Tax', null, sku) as sku_id,
    if(
        charge_category = 'Tax' or sku is null, null, nullif(line_item_usage_type, '')
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
    source_format as x_source_format,
    {%- for name in absent %} cast(null as varchar) as {{ name }}, {%- endfor %}
from with_units
left join
    marketplace_products
    on marketplace_products.provider = with_units.provider
    and marketplace_products.billing_period = with_units.billing_period
    and marketplace_products.product_code = line_item_product_code
    and bill_billing_entity = 'AWS Marketplace'
left join services on services.native_name = lower(line_item_product_code)
left join regions on regions.native_name = lower(with_units.product_region_code)
left join machines on machines.machine_name = with_units.machine_type
