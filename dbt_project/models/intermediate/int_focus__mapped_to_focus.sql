-- What a native FOCUS export leaves empty or spells otherwise is repaired by a rule
-- with a name; `x_source_changes` names the rules that changed the row. Columns that
-- came with FOCUS 1.1 and 1.2 are null in an export of 1.0.
with
    services as (select * from {{ ref("focus_services") }}),

    units as (select * from {{ ref("pricing_units") }}),

    lines as (
        select
            *,
            case
                when provider_name ilike '%aws%' or provider_name ilike '%amazon%'
                then 'aws'
                when provider_name ilike '%microsoft%' or provider_name ilike '%azure%'
                then 'azure'
                when provider_name ilike '%google%' or provider_name ilike '%gcp%'
                then 'gcp'
                else lower(provider_name)
            end as service_provider,
        from {{ ref("stg_focus") }}
    ),

    repaired as (
        select
            lines.* exclude (
                contracted_cost,
                effective_cost,
                list_cost,
                charge_frequency,
                pricing_unit,
                consumed_unit,
                pricing_category,
                service_category,
                service_subcategory,
                resource_type
            ),
            coalesce(contracted_cost, list_cost, billed_cost) as contracted_cost,
            coalesce(effective_cost, billed_cost) as effective_cost,
            coalesce(list_cost, contracted_cost, billed_cost) as list_cost,
            case
                when lower(charge_frequency) = 'usage-based'
                then 'Usage-Based'
                when lower(charge_frequency) = 'one-time'
                then 'One-Time'
                when lower(charge_frequency) = 'recurring'
                then 'Recurring'
                when charge_category = 'Usage'
                then 'Usage-Based'
                else 'One-Time'
            end as charge_frequency,
            coalesce(pricing_units.focus_unit, pricing_unit) as pricing_unit,
            coalesce(consumed_units.focus_unit, consumed_unit) as consumed_unit,
            coalesce(
                pricing_category,
                if(
                    charge_category in ('Usage', 'Purchase') and charge_class is null,
                    'Other',
                    null
                )
            ) as pricing_category,
            coalesce(
                services.service_category, lines.service_category, 'Other'
            ) as service_category,
            coalesce(
                services.service_subcategory,
                lines.service_subcategory,
                'Other (' || coalesce(lines.service_category, 'Other') || ')'
            ) as service_subcategory,
            coalesce(
                resource_type, if(resource_id is null, null, 'Resource')
            ) as resource_type,
            concat_ws(
                ', ',
                if(contracted_cost is null, 'contracted_cost_from_list_cost', null),
                if(effective_cost is null, 'effective_cost_from_billed_cost', null),
                if(list_cost is null, 'list_cost_from_contracted_cost', null),
                if(
                    charge_frequency in ('Usage-Based', 'One-Time', 'Recurring'),
                    null,
                    'charge_frequency_spelled'
                ),
                if(
                    pricing_units.focus_unit <> pricing_unit,
                    'pricing_unit_spelled',
                    null
                ),
                if(
                    consumed_units.focus_unit <> consumed_unit,
                    'consumed_unit_spelled',
                    null
                ),
                if(
                    pricing_category is null
                    and charge_category in ('Usage', 'Purchase')
                    and charge_class is null,
                    'pricing_category_other',
                    null
                ),
                if(
                    services.service_category <> lines.service_category,
                    'service_category_by_service_name',
                    null
                ),
                if(
                    region_name is null and region_id is not null,
                    'region_name_from_region_id',
                    null
                ),
                if(
                    region_id is null and region_name is not null,
                    'region_id_from_region_name',
                    null
                ),
                if(
                    resource_type is null and resource_id is not null,
                    'resource_type_unknown',
                    null
                )
            ) as changes,
        from lines
        left join
            services
            on services.provider = lines.service_provider
            and services.native_name = lower(lines.service_name)
        left join
            units as pricing_units on pricing_units.native_unit = lower(pricing_unit)
        left join
            units as consumed_units on consumed_units.native_unit = lower(consumed_unit)
    ),

    mapped as (
        select
            * replace (
                coalesce(region_id, region_name) as region_id,
                coalesce(region_name, region_id) as region_name
            ),
            cast(null as varchar) as x_charge_type,
            json_extract_string(sku_price_details, '$.InstanceType') as x_instance_type,
            source as x_source,
            nullif(changes, '') as x_source_changes,
            'focus' as x_source_format,
        from repaired
    )

    {{ select_focus_columns("mapped") }}
