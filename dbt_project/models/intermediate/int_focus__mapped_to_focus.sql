{#- What a native FOCUS export leaves empty or spells otherwise is repaired by a rule with a name. -#}
{% set bill = "provider, billing_period, source" %}

with
    services as (select * from {{ ref("focus_services") }}),

    regions as (select * from {{ ref("cloud_regions") }}),

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
            {%- for column, allowed in focus_enumerations().items() %}
                {{ focus_spelled(column, allowed) }} as spelled_{{ column }},
            {%- endfor %}
        from {{ ref("int_focus__lines") }}
    ),

    prices_of_several_skus as (
        select {{ bill }}, sku_price_id, true as has_several_skus,
        from lines
        where sku_price_id is not null
        group by {{ bill }}, sku_price_id
        having count(distinct sku_id) > 1
    ),

    categories as (
        select
            {{ bill }},
            provider_name,
            service_name,
            spelled_service_category,
            count(*) as row_count,
        from lines
        where spelled_service_category is not null
        group by {{ bill }}, provider_name, service_name, spelled_service_category
    ),

    usual_categories as (
        select
            {{ bill }},
            provider_name,
            service_name,
            arg_max(
                spelled_service_category, (row_count, spelled_service_category)
            ) as usual_service_category,
        from categories
        group by {{ bill }}, provider_name, service_name
    ),

    prepared as (
        select
            lines.*,
            coalesce(spelled_charge_category, 'Adjustment') as category,
            coalesce(
                spelled_charge_category in ('Usage', 'Purchase')
                and spelled_charge_class is null,
                false
            ) as is_sold,
            coalesce(
                spelled_charge_category = 'Usage'
                and spelled_commitment_discount_status is distinct from 'Unused',
                false
            ) as is_consumed,
            -- Google's view gives the billing account where a row has no project.
            coalesce(
                service_provider = 'gcp' and sub_account_id = billing_account_id, false
            ) as is_own_sub_account,
            coalesce(
                spelled_commitment_discount_category = 'Spend',
                regexp_matches(commitment_discount_type, '(?i)savings|spend'),
                false
            ) as is_spend,
            services.service_category as seed_service_category,
            services.service_subcategory as seed_service_subcategory,
            usual_service_category,
            regions.region_name as seed_region_name,
            {{ focus_unit_of("coalesce(pricing_units.focus_unit, pricing_unit)") }}
            as known_pricing_unit,
            {{ focus_unit_of("coalesce(consumed_units.focus_unit, consumed_unit)") }}
            as known_consumed_unit,
            coalesce(has_several_skus, false) as has_several_skus,
        from lines
        left join
            services
            on services.provider = lines.service_provider
            and services.native_name = lower(lines.service_name)
        left join
            regions
            on regions.provider = lines.service_provider
            and regions.native_name = lower(lines.region_id)
        left join
            units as pricing_units on pricing_units.native_unit = lower(pricing_unit)
        left join
            units as consumed_units on consumed_units.native_unit = lower(consumed_unit)
        left join
            usual_categories
            on usual_categories.provider = lines.provider
            and usual_categories.billing_period = lines.billing_period
            and usual_categories.source = lines.source
            and usual_categories.provider_name = lines.provider_name
            and usual_categories.service_name = lines.service_name
        left join
            prices_of_several_skus
            on prices_of_several_skus.provider = lines.provider
            and prices_of_several_skus.billing_period = lines.billing_period
            and prices_of_several_skus.source = lines.source
            and prices_of_several_skus.sku_price_id = lines.sku_price_id
    ),

    noted as (
        select
            *,
            nullif(
                concat_ws(
                    ', ',
                    {%- for id, condition in focus_repair_rules().items() %}
                        if({{ condition }}, '{{ id }}', null)
                        {%- if not loop.last %},{% endif %}
                    {%- endfor %}
                ),
                ''
            ) as changes,
            coalesce(
                seed_service_category,
                usual_service_category,
                spelled_service_category,
                'Other'
            ) as repaired_service_category,
        from prepared
    ),

    mapped as (
        select
            * replace (
                coalesce(
                    billing_account_name, billing_account_id
                ) as billing_account_name,
                coalesce(
                    billing_account_type,
                    if(service_provider = 'aws', 'Payer Account', 'Billing Account')
                ) as billing_account_type,
                spelled_capacity_reservation_status as capacity_reservation_status,
                category as charge_category,
                spelled_charge_class as charge_class,
                case
                    when
                        spelled_charge_frequency is null
                        or (
                            category = 'Purchase'
                            and spelled_charge_frequency = 'Usage-Based'
                        )
                    then if(category = 'Usage', 'Usage-Based', 'One-Time')
                    else spelled_charge_frequency
                end as charge_frequency,
                -- The last second of a period, where the export counts it in.
                if(
                    second(charge_period_end) = 59,
                    date_trunc('second', charge_period_end) + interval 1 second,
                    charge_period_end
                ) as charge_period_end,
                case
                    when commitment_discount_id is null
                    then null
                    when is_spend
                    then 'Spend'
                    else 'Usage'
                end as commitment_discount_category,
                if(
                    commitment_discount_id is null, null, commitment_discount_name
                ) as commitment_discount_name,
                case
                    when commitment_discount_id is null
                    then null
                    when commitment_discount_quantity is not null or not is_sold
                    then commitment_discount_quantity
                    when is_spend
                    then if(category = 'Purchase', billed_cost, effective_cost)
                    else pricing_quantity
                end as commitment_discount_quantity,
                if(
                    commitment_discount_id is not null and category = 'Usage',
                    coalesce(spelled_commitment_discount_status, 'Used'),
                    null
                ) as commitment_discount_status,
                if(
                    commitment_discount_id is null,
                    null,
                    coalesce(commitment_discount_type, 'Commitment')
                ) as commitment_discount_type,
                case
                    when commitment_discount_id is null
                    then null
                    when commitment_discount_quantity is not null or not is_sold
                    then commitment_discount_unit
                    when is_spend
                    then billing_currency
                    else known_pricing_unit
                end as commitment_discount_unit,
                if(is_consumed, consumed_quantity, null) as consumed_quantity,
                if(is_consumed, known_consumed_unit, null) as consumed_unit,
                coalesce(contracted_cost, list_cost, billed_cost) as contracted_cost,
                case
                    when category = 'Tax'
                    then null
                    when contracted_unit_price >= 0 or is_sold
                    then
                        abs(
                            coalesce(
                                contracted_unit_price,
                                if(pricing_quantity = 0, list_unit_price, null)
                            )
                        )
                end as contracted_unit_price,
                coalesce(effective_cost, billed_cost) as effective_cost,
                coalesce(invoice_issuer_name, provider_name) as invoice_issuer_name,
                coalesce(list_cost, contracted_cost, billed_cost) as list_cost,
                case
                    when category = 'Tax'
                    then null
                    when list_unit_price >= 0 or is_sold
                    then abs(list_unit_price)
                end as list_unit_price,
                case
                    when category = 'Tax'
                    then null
                    else coalesce(spelled_pricing_category, if(is_sold, 'Other', null))
                end as pricing_category,
                case
                    when
                        category <> 'Tax'
                        and (pricing_currency_contracted_unit_price >= 0 or is_sold)
                    then abs(pricing_currency_contracted_unit_price)
                end as pricing_currency_contracted_unit_price,
                case
                    when
                        category <> 'Tax'
                        and (pricing_currency_list_unit_price >= 0 or is_sold)
                    then abs(pricing_currency_list_unit_price)
                end as pricing_currency_list_unit_price,
                if(category = 'Tax', null, pricing_quantity) as pricing_quantity,
                if(
                    category = 'Tax' or pricing_quantity is null,
                    null,
                    coalesce(known_pricing_unit, 'Units')
                ) as pricing_unit,
                coalesce(publisher_name, provider_name) as publisher_name,
                coalesce(region_id, region_name) as region_id,
                coalesce(region_name, seed_region_name, region_id) as region_name,
                if(resource_id is null, null, resource_name) as resource_name,
                if(
                    resource_id is null, null, coalesce(resource_type, 'Resource')
                ) as resource_type,
                repaired_service_category as service_category,
                coalesce(
                    if(
                        repaired_service_category
                        is distinct from spelled_service_category,
                        seed_service_subcategory,
                        coalesce(service_subcategory, seed_service_subcategory)
                    ),
                    'Other (' || repaired_service_category || ')'
                ) as service_subcategory,
                if(category = 'Tax', null, sku_id) as sku_id,
                if(
                    category = 'Tax' or sku_id is null,
                    null,
                    coalesce(sku_meter, charge_description, sku_id)
                ) as sku_meter,
                if(
                    category = 'Tax' or sku_id is null, null, sku_price_details
                ) as sku_price_details,
                case
                    when category = 'Tax' or sku_id is null
                    then null
                    when has_several_skus
                    then sku_id || '/' || sku_price_id
                    else coalesce(sku_price_id, if(is_sold, sku_id, null))
                end as sku_price_id,
                if(is_own_sub_account, null, sub_account_id) as sub_account_id,
                if(is_own_sub_account, null, sub_account_name) as sub_account_name,
                case
                    when is_own_sub_account or sub_account_id is null
                    then null
                    when sub_account_type is not null
                    then sub_account_type
                    when service_provider = 'azure'
                    then 'Subscription'
                    when service_provider = 'gcp'
                    then 'Project'
                    else 'Account'
                end as sub_account_type
            ),
            if(spelled_charge_category is null, charge_category, null) as x_charge_type,
            json_extract_string(sku_price_details, '$.InstanceType') as x_instance_type,
            source as x_source,
            changes as x_source_changes,
            'focus' as x_source_format,
        from noted
    )

    {{ select_focus_columns("mapped") }}
