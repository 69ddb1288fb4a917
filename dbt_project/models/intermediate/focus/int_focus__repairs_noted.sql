{#- The columns of FOCUS 1.2 that hold one of a list of values; a spelling in another case, with other blanks or hyphens, is known. -#}
{% set enumerations = {
    "capacity_reservation_status": ["Used", "Unused"],
    "charge_category": [
        "Usage",
        "Purchase",
        "Tax",
        "Credit",
        "Adjustment",
    ],
    "charge_class": ["Correction"],
    "charge_frequency": ["One-Time", "Recurring", "Usage-Based"],
    "commitment_discount_category": ["Spend", "Usage"],
    "commitment_discount_status": ["Used", "Unused"],
    "pricing_category": [
        "Standard",
        "Dynamic",
        "Committed",
        "Other",
    ],
    "service_category": [
        "AI and Machine Learning",
        "Analytics",
        "Business Applications",
        "Compute",
        "Databases",
        "Developer Tools",
        "Multicloud",
        "Identity",
        "Integration",
        "Internet of Things",
        "Management and Governance",
        "Media",
        "Migration",
        "Mobile",
        "Networking",
        "Security",
        "Storage",
        "Web",
        "Other",
    ],
} %}
{#-
    The other repairs, by id (the seed `focus_repairs` says what each does), and when each is made: over the columns of
    `prepared`, which are the export's own and what was looked up for them. BilledCost is never repaired.
-#}
{% set rules = {
    "said_as_in_focus_1_0": "is_said_as_in_preview",
    "charge_category_unknown": "spelled_charge_category is null",
    "charge_class_unknown": "charge_class is not null and spelled_charge_class is null",
    "charge_frequency_by_category": "spelled_charge_frequency is null or (category = 'Purchase' and spelled_charge_frequency = 'Usage-Based')",
    "charge_period_end_exclusive": "second(charge_period_end) = 59",
    "contracted_cost_from_list_cost": "contracted_cost is null",
    "effective_cost_from_billed_cost": "effective_cost is null and not is_effective_as_usage",
    "effective_cost_of_commitment_purchase": "is_effective_as_usage",
    "unit_prices_in_billing_currency": "has_prices_in_pricing_currency",
    "pricing_currency_amounts_by_rate": "has_amounts_by_rate",
    "list_cost_from_contracted_cost": "list_cost is null",
    "unit_price_without_sign": "least(contracted_unit_price, list_unit_price, pricing_currency_contracted_unit_price, pricing_currency_list_unit_price) < 0",
    "tax_has_no_price": "category = 'Tax' and coalesce(pricing_category, pricing_unit, sku_id, sku_price_id, cast(pricing_quantity as varchar), cast(contracted_unit_price as varchar), cast(list_unit_price as varchar)) is not null",
    "contracted_unit_price_from_list_unit_price": "is_sold and contracted_unit_price is null and pricing_quantity = 0 and list_unit_price is not null",
    "pricing_category_other": "spelled_pricing_category is null and is_sold",
    "pricing_unit_spelled": "known_pricing_unit <> pricing_unit",
    "pricing_unit_unknown": "category <> 'Tax' and pricing_quantity is not null and pricing_unit is null",
    "pricing_unit_without_quantity": "category <> 'Tax' and pricing_quantity is null and pricing_unit is not null",
    "consumed_unit_spelled": "known_consumed_unit <> consumed_unit and is_consumed",
    "consumed_quantity_of_usage_only": "not is_consumed and coalesce(consumed_unit, cast(consumed_quantity as varchar)) is not null",
    "commitment_discount_without_id": "commitment_discount_id is null and coalesce(commitment_discount_category, commitment_discount_name, commitment_discount_status, commitment_discount_type, commitment_discount_unit, cast(commitment_discount_quantity as varchar)) is not null",
    "commitment_discount_category_by_type": "commitment_discount_id is not null and spelled_commitment_discount_category is null",
    "commitment_discount_quantity_added": "is_sold and commitment_discount_id is not null and commitment_discount_quantity is null",
    "commitment_discount_unit_spelled": "commitment_discount_id is not null and known_commitment_discount_unit <> commitment_discount_unit",
    "commitment_discount_type_unknown": "commitment_discount_id is not null and commitment_discount_type is null",
    "commitment_discount_status_used": "commitment_discount_id is not null and category = 'Usage' and spelled_commitment_discount_status is null",
    "commitment_discount_status_of_usage_only": "commitment_discount_id is not null and category <> 'Usage' and commitment_discount_status is not null",
    "service_category_by_service_name": "seed_service_category <> coalesce(spelled_service_category, '')",
    "service_category_by_most_rows": "seed_service_category is null and usual_service_category <> coalesce(spelled_service_category, '')",
    "service_category_other": "coalesce(seed_service_category, usual_service_category, spelled_service_category) is null",
    "service_subcategory_added": "service_subcategory is null",
    "region_name_from_region_id": "region_name is null and region_id is not null",
    "region_id_from_region_name": "region_id is null and region_name is not null",
    "resource_type_unknown": "resource_type is null and resource_id is not null",
    "resource_without_id": "resource_id is null and coalesce(resource_type, resource_name) is not null",
    "sku_meter_added": "category <> 'Tax' and sku_id is not null and sku_meter is null",
    "sku_price_without_sku": "category <> 'Tax' and sku_id is null and sku_price_id is not null",
    "sku_price_id_from_sku_id": "is_sold and sku_id is not null and sku_price_id is null",
    "sku_price_id_by_sku": "category <> 'Tax' and sku_id is not null and has_several_skus",
    "billing_account_name_from_id": "billing_account_name is null",
    "publisher_name_from_provider_name": "publisher_name is null",
    "invoice_issuer_name_from_provider_name": "invoice_issuer_name is null",
    "account_types_added": "billing_account_type is null or (sub_account_type is null and sub_account_id is not null and not is_own_sub_account)",
    "sub_account_is_billing_account": "is_own_sub_account",
} %}
{% set bill = "provider, billing_period, source" %}

with
    services as (select * from {{ ref("focus_services") }}),

    regions as (select * from {{ ref("cloud_regions") }}),

    units as (select * from {{ ref("pricing_units") }}),

    lines as (
        select
            *,
            {%- for column, allowed in enumerations.items() %}
                case
                    lower(regexp_replace({{ column }}, '[ _-]', '', 'g'))
                    {%- for value in allowed %}
                        when '{{ value | lower | replace(" ", "") | replace("-", "") }}'
                        then '{{ value }}'
                    {%- endfor %}
                end as spelled_{{ column }},
            {%- endfor %}
        from {{ ref("int_focus__lines_restated") }}
    ),

    -- The usage of a commitment carries its fee, unless nothing on the bill is
    -- amortised.
    commitments as (
        select
            {{ bill }},
            commitment_discount_id,
            bool_or(
                coalesce(effective_cost, billed_cost) <> billed_cost
            ) as is_amortized,
        from lines
        where spelled_charge_category = 'Usage' and commitment_discount_id is not null
        group by {{ bill }}, commitment_discount_id
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
            {{ focus_unit_of("commitment_discount_unit") }}
            as known_commitment_discount_unit,
            coalesce(has_several_skus, false) as has_several_skus,
            coalesce(
                spelled_charge_category = 'Purchase'
                and lines.commitment_discount_id is not null
                and coalesce(effective_cost, billed_cost) <> 0
                and coalesce(is_amortized, true),
                false
            ) as is_effective_as_usage,
        from lines
        left join
            commitments
            on commitments.provider = lines.provider
            and commitments.billing_period = lines.billing_period
            and commitments.source = lines.source
            and commitments.commitment_discount_id = lines.commitment_discount_id
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
    )

select
    *,
    nullif(
        concat_ws(
            ', ',
            {%- for column in enumerations %}
                if(spelled_{{ column }} <> {{ column }}, '{{ column }}_spelled', null),
            {%- endfor %}
            {%- for id, condition in rules.items() %}
                if({{ condition }}, '{{ id }}', null)
                {%- if not loop.last %},{% endif %}
            {%- endfor %}
        ),
        ''
    ) as changes,
    coalesce(
        seed_service_category, usual_service_category, spelled_service_category, 'Other'
    ) as repaired_service_category,
from prepared
