{#- FOCUS columns that GCP's exports have nothing for, or that follow by rule (see staging/README.md). -#}
{% set absent = [
    "billing_account_type",
    "capacity_reservation_id",
    "capacity_reservation_status",
    "contracted_unit_price",
    "invoice_id",
    "list_unit_price",
    "provider_name",
    "sub_account_type",
    "x_source_changes",
] + focus_columns_of_1_3() %}
{% set unit = focus_unit_of(
    "coalesce(units.focus_unit, charges.pricing_unit, usage_unit)"
) %}

{#-
    FOCUS ResourceType, as Google's asset types name it (`compute.googleapis.com/Instance`): the service's host and
    the kind in the resource's full name, `//compute.googleapis.com/projects/1/zones/europe-west1-b/instances/4711`, which some
    exports write in the singular. A full name may tell no kind (`//storage.googleapis.com/bucket`,
    `…/locations/us-central1/trainer-1`): that of a machine's cores or of a bucket follows from the service, else the
    service's name stands for it. Null without a resource.
-#}
{% set kind = "regexp_extract(resource_global_name, '/([A-Za-z]+)/[^/]+/*$', 1)" %}
{% set singular %}
    case
        when {{ kind }} like '%ies'
        then substr({{ kind }}, 1, length({{ kind }}) - 3) || 'y'
        when {{ kind }} like '%sses' or {{ kind }} like '%xes' or {{ kind }} like '%ches'
        then substr({{ kind }}, 1, length({{ kind }}) - 2)
        when {{ kind }} like '%s' and {{ kind }} not like '%ss'
        then substr({{ kind }}, 1, length({{ kind }}) - 1)
        else {{ kind }}
    end
{% endset %}
{% set resource_type %}
    case
        when coalesce(resource_global_name, resource_name) is null
        then null
        when
            {{ kind }} <> ''
            and not regexp_matches(
                resource_global_name, '/(locations|regions|zones)/[^/]+/[^/]+/*$'
            )
        then
            regexp_extract(resource_global_name, '^//([^/]+)/', 1)
            || '/'
            || upper(substr({{ singular }}, 1, 1))
            || substr({{ singular }}, 2)
        when
            service_description = 'Compute Engine'
            and regexp_matches(sku_description, '(?i)\b(core|ram|gpu)\b')
        then 'compute.googleapis.com/Instance'
        when service_description = 'Cloud Storage'
        then 'storage.googleapis.com/Bucket'
        else coalesce(service_description, 'Resource')
    end
{% endset %}

with
    services as (select * from {{ ref("focus_services") }} where provider = 'gcp'),

    regions as (select * from {{ ref("cloud_regions") }} where provider = 'gcp'),

    units as (select * from {{ ref("pricing_units") }}),

    mapped as (
        select
            charges.provider,
            billing_period,
            zone as availability_zone,
            billed_cost,
            billing_account_id,
            -- The export has no name for it.
            billing_account_id as billing_account_name,
            currency as billing_currency,
            charge_category,
            charge_class,
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
            commitment_name as commitment_discount_name,
            case
                when commitment_id is null or charge_class is not null
                then null
                -- Money that was committed is counted by what it costs.
                when is_spend_based and charge_category = 'Purchase'
                then billed_cost
                when is_spend_based
                then coalesce(fee_share, 0)
                when charge_category = 'Purchase'
                then priced_quantity
                else coalesce(covered_quantity, priced_quantity)
            end as commitment_discount_quantity,
            commitment_status as commitment_discount_status,
            case
                when commitment_id is null
                then null
                when is_spend_based
                then 'Spend-based committed use discount'
                else 'Resource-based committed use discount'
            end as commitment_discount_type,
            case
                when commitment_id is null or charge_class is not null
                then null
                when is_spend_based
                then currency
                else coalesce({{ unit }}, 'Units')
            end as commitment_discount_unit,
            if(is_consumed, usage_amount, null) as consumed_quantity,
            if(
                is_consumed,
                {{ focus_unit_of("coalesce(usage_units.focus_unit, usage_unit)") }},
                null
            ) as consumed_unit,
            contracted_cost,
            effective_cost,
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
            -- Prices are in US dollars; costs are converted at the rate of the month.
            if(is_converted, 'USD', null) as pricing_currency,
            if(
                is_converted,
                {{ quotient("effective_cost", "currency_conversion_rate") }},
                null
            ) as pricing_currency_effective_cost,
            if(
                is_converted and is_priced and charge_class is null,
                {{ quotient("dollar_contracted_cost", "abs(priced_quantity)") }},
                null
            ) as pricing_currency_contracted_unit_price,
            if(
                is_converted and is_priced and charge_class is null,
                {{ quotient("dollar_list_cost", "abs(priced_quantity)") }},
                null
            ) as pricing_currency_list_unit_price,
            if(is_priced, priced_quantity, null) as pricing_quantity,
            if(
                is_priced and priced_quantity is not null,
                coalesce({{ unit }}, 'Units'),
                null
            ) as pricing_unit,
            seller_name as publisher_name,
            coalesce(regions.region_id, region, location) as region_id,
            coalesce(regions.region_name, region, location) as region_name,
            coalesce(resource_global_name, resource_name) as resource_id,
            coalesce(
                resource_name, regexp_extract(resource_global_name, '([^/]+)/*$', 1)
            ) as resource_name,
            {{ resource_type }} as resource_type,
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
            if(
                sku_price_is_told,
                {{ sku_price_details("machine_spec", "machine_cores") }},
                null
            ) as sku_price_details,
            project_id as sub_account_id,
            project_name as sub_account_name,
            tags,
            cost_type as x_charge_type,
            machine_spec as x_instance_type,
            source as x_source,
            source_format as x_source_format,
        from
            (
                select
                    *,
                    charge_category = 'Usage'
                    and commitment_status is distinct from 'Unused' as is_consumed,
                    currency <> 'USD'
                    and coalesce(currency_conversion_rate > 0, false) as is_converted,
                    is_priced and sku_id is not null as sku_price_is_told,
                    {{ quotient("abs(contracted_cost)", "currency_conversion_rate") }}
                    as dollar_contracted_cost,
                    {{ quotient("abs(list_cost)", "currency_conversion_rate") }}
                    as dollar_list_cost,
                from {{ ref("int_gcp__charges") }}
            ) as charges
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
