{#- FOCUS columns that GCP's exports have nothing for, or that follow by rule (see staging/README.md). -#}
{% set absent = [
    "billing_account_name",
    "billing_account_type",
    "capacity_reservation_id",
    "capacity_reservation_status",
    "contracted_unit_price",
    "invoice_id",
    "list_unit_price",
    "pricing_currency",
    "pricing_currency_contracted_unit_price",
    "pricing_currency_effective_cost",
    "pricing_currency_list_unit_price",
    "provider_name",
    "sku_price_details",
    "sub_account_type",
    "x_source_changes",
] %}
{% set is_commitment_credit = "starts_with(c.type, 'COMMITTED_USAGE_DISCOUNT')" %}

with
    services as (select * from {{ ref("focus_services") }} where provider = 'gcp'),

    regions as (select * from {{ ref("cloud_regions") }} where provider = 'gcp'),

    units as (select * from {{ ref("pricing_units") }}),

    classified as (
        select
            *,
            {{ gcp_credit_total() }} as credit_total,
            {{ gcp_credit_total("c.type = 'PROMOTION'") }} as promotion_total,
            list_filter(credits, lambda c:{{ is_commitment_credit }})[
                1
            ] as commitment_credit,
            -- The fee of a commitment has a SKU of its own: "Commitment v1: Cpu in
            -- Americas for 1 Year".
            regexp_matches(sku_description, '^(?i)commitment\b') as is_commitment_fee,
            case
                when cost_type = 'tax'
                then 'Tax'
                when cost_type <> 'regular'
                then 'Adjustment'
                when regexp_matches(sku_description, '^(?i)commitment\b')
                then 'Purchase'
                else 'Usage'
            end as native_category,
        from {{ ref("int_gcp__lines") }}
    ),

    lines as (
        select
            *,
            -- A promotion larger than what it pays for would turn the row negative and
            -- vanish in it: it stands apart.
            cost >= 0
            and cost + credit_total < 0
            and promotion_total < 0 as has_credit_apart,
            native_category = 'Usage'
            and commitment_credit is not null as is_covered_by_commitment,
        from classified
    ),

    charges as (
        select
            *,
            native_category as charge_category,
            cast(
                cost
                + credit_total
                - if(has_credit_apart, promotion_total, 0) as decimal(38, 12)
            ) as billed_cost,
            cost as contracted_cost,
            coalesce(cost_at_list, cost) as list_cost,
            case
                when is_commitment_fee or is_covered_by_commitment
                then
                    coalesce(
                        subscription_instance_id,
                        commitment_credit.id,
                        commitment_credit.name,
                        sku_id
                    )
            end as commitment_id,
            coalesce(
                commitment_credit.type like '%DOLLAR_BASE%',
                regexp_matches(sku_description, '(?i)dollar based'),
                false
            ) as is_spend_based,
            native_category in ('Usage', 'Purchase') as is_priced,
            sku_description as description,
        from lines
        union all by name
        select
            *,
            'Credit' as charge_category,
            promotion_total as billed_cost,
            promotion_total as contracted_cost,
            promotion_total as list_cost,
            false as is_priced,
            list_filter(credits, lambda c:c.type = 'PROMOTION')[1].name as description,
        from lines
        where has_credit_apart
    ),

    mapped as (
        select
            charges.provider,
            billing_period,
            zone as availability_zone,
            billed_cost,
            billing_account_id,
            currency as billing_currency,
            charge_category,
            if(
                adjustment_id is null or charge_category = 'Credit', null, 'Correction'
            ) as charge_class,
            coalesce(adjustment_description, description) as charge_description,
            case
                charge_category
                when 'Usage'
                then 'Usage-Based'
                when 'Purchase'
                then 'Recurring'
                else 'One-Time'
            end as charge_frequency,
            usage_end_time as charge_period_end,
            usage_start_time as charge_period_start,
            case
                when commitment_id is null
                then null
                when is_spend_based
                then 'Spend'
                else 'Usage'
            end as commitment_discount_category,
            commitment_id as commitment_discount_id,
            if(
                commitment_id is null,
                null,
                coalesce(commitment_credit.name, sku_description)
            ) as commitment_discount_name,
            case
                when commitment_id is null
                then null
                when is_spend_based
                then cost
                else coalesce(usage_amount_in_pricing_units, usage_amount)
            end as commitment_discount_quantity,
            if(
                commitment_id is not null and charge_category = 'Usage', 'Used', null
            ) as commitment_discount_status,
            case
                when commitment_id is null
                then null
                when is_spend_based
                then 'Spend-based committed use discount'
                else 'Resource-based committed use discount'
            end as commitment_discount_type,
            case
                when commitment_id is null
                then null
                when is_spend_based
                then currency
                else
                    coalesce(
                        units.focus_unit, charges.pricing_unit, usage_unit, 'Units'
                    )
            end as commitment_discount_unit,
            if(charge_category = 'Usage', usage_amount, null) as consumed_quantity,
            if(
                charge_category = 'Usage',
                coalesce(usage_units.focus_unit, usage_unit),
                null
            ) as consumed_unit,
            contracted_cost,
            -- A commitment's fee is not spread over the usage it covers: the export
            -- does not say which fee paid for which row. So a fee's cost is effective
            -- when it is charged, and covered usage costs what it is billed.
            billed_cost as effective_cost,
            seller_name as invoice_issuer_name,
            list_cost,
            case
                when not is_priced
                then null
                when charge_category = 'Purchase'
                then 'Standard'
                when commitment_id is not null
                then 'Committed'
                when regexp_matches(sku_description, '(?i)\b(spot|preemptible)\b')
                then 'Dynamic'
                else 'Standard'
            end as pricing_category,
            if(
                is_priced, coalesce(usage_amount_in_pricing_units, usage_amount), null
            ) as pricing_quantity,
            if(
                is_priced
                and coalesce(usage_amount_in_pricing_units, usage_amount) is not null,
                coalesce(units.focus_unit, charges.pricing_unit, usage_unit, 'Units'),
                null
            ) as pricing_unit,
            seller_name as publisher_name,
            coalesce(regions.region_id, region, location) as region_id,
            coalesce(regions.region_name, region, location) as region_name,
            coalesce(resource_global_name, resource_name) as resource_id,
            coalesce(
                resource_name, regexp_extract(resource_global_name, '([^/]+)/*$', 1)
            ) as resource_name,
            case
                when coalesce(resource_global_name, resource_name) is null
                then null
                -- …/zones/europe-west1-b/instances/4711 names what it is, but
                -- …/locations/us-central1/trainer-1 does not.
                when
                    regexp_matches(
                        resource_global_name,
                        '/(locations|regions|zones)/[^/]+/[^/]+/*$'
                    )
                then service_description
                else
                    coalesce(
                        nullif(
                            regexp_extract(resource_global_name, '([^/]+)/[^/]+/*$', 1),
                            ''
                        ),
                        service_description,
                        'Resource'
                    )
            end as resource_type,
            coalesce(services.service_category, 'Other') as service_category,
            coalesce(
                services.service_name, service_description, 'Google Cloud'
            ) as service_name,
            coalesce(
                services.service_subcategory, 'Other (Other)'
            ) as service_subcategory,
            if(is_priced, sku_id, null) as sku_id,
            if(is_priced, sku_description, null) as sku_meter,
            if(
                is_priced, concat_ws('/', sku_id, price_tier_start_amount), null
            ) as sku_price_id,
            project_id as sub_account_id,
            project_name as sub_account_name,
            tags,
            cost_type as x_charge_type,
            machine_spec as x_instance_type,
            source as x_source,
            source_format as x_source_format,
        from charges
        left join services on services.native_name = lower(charges.service_description)
        left join
            regions
            on regions.native_name = lower(coalesce(charges.region, charges.location))
        left join
            units
            on units.native_unit
            = lower(coalesce(charges.pricing_unit, charges.usage_unit))
        left join
            units as usage_units on usage_units.native_unit = lower(charges.usage_unit)
    )

    {{ select_focus_columns("mapped", absent) }}
