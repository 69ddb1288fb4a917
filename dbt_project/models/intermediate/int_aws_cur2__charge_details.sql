{#- Describing columns of FOCUS that CUR 2.0 has nothing for, or that follow by rule (see staging/README.md). -#}
{% set absent = [
    "billing_account_type",
    "commitment_discount_name",
    "consumed_unit",
    "pricing_currency",
    "provider_name",
    "sku_price_details",
    "sub_account_type",
    "x_source_changes",
] %}

with
    services as (select * from {{ ref("focus_services") }} where provider = 'aws'),

    regions as (select * from {{ ref("cloud_regions") }} where provider = 'aws'),

    {% for kind, types in [
        ("line", "line_item_line_item_type <> 'SavingsPlanNegation'"),
        (
            "unused",
            "line_item_line_item_type in ('SavingsPlanRecurringFee', 'RIFee')",
        ),
    ] %}
        {{ kind }}_details as (
            select
                provider,
                billing_period,
                '{{ kind }}' as kind,
                {{ hash_of(["'" ~ kind ~ "'"] + aws_detail_columns()) }}
                as x_details_id,
                {%- for name in aws_detail_columns() %}
                    -- Equal throughout the group, which is one combination of them.
                    any_value({{ name }}) as {{ name }},
                {%- endfor %}
            from {{ ref("int_aws_cur2__ruled") }}
            where {{ types }}
            group by
                provider,
                billing_period,
                {{ hash_of(["'" ~ kind ~ "'"] + aws_detail_columns()) }}
        ),
    {% endfor %}

    uncancelled_details as (
        select distinct
            provider,
            billing_period,
            'uncancelled' as kind,
            x_details_id,
            source,
            bill_payer_account_id,
            line_item_currency_code,
            savings_plan_id,
            'ComputeSavingsPlans' as line_item_product_code,
            'SavingsPlanNegation' as line_item_line_item_type,
            'Savings plan negations that do not cancel the usage they cover'
            as line_item_line_item_description,
            false as has_resource,
        from {{ ref("int_aws_cur2__uncancelled_negations") }}
    ),

    details as (
        select *
        from line_details
        union all by name
        select *
        from unused_details
        union all by name
        select *
        from uncancelled_details
    ),

    classified as (
        select
            *,
            case
                when kind = 'unused'
                then 'Usage'
                when has_resource and {{ aws_line_rule() }} = 'discount'
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
                when {{ aws_line_rule() }} in ('plan_covered', 'reservation_covered')
                then 'Used'
            end as commitment_discount_status,
        from details
    ),

    mapped as (
        select
            classified.provider,
            classified.billing_period,
            classified.x_details_id,
            nullif(line_item_availability_zone, '') as availability_zone,
            bill_payer_account_id as billing_account_id,
            nullif(bill_payer_account_name, '') as billing_account_name,
            line_item_currency_code as billing_currency,
            nullif(
                capacity_reservation_capacity_reservation_arn, ''
            ) as capacity_reservation_id,
            case
                when capacity_reservation_capacity_reservation_arn = ''
                then null
                when lower(capacity_reservation_capacity_reservation_status) = 'unused'
                then 'Unused'
                when capacity_reservation_capacity_reservation_arn is not null
                then 'Used'
            end as capacity_reservation_status,
            charge_category,
            charge_class,
            nullif(line_item_line_item_description, '') as charge_description,
            charge_frequency,
            case
                when savings_plan_id is not null
                then 'Spend'
                when reservation_id is not null
                then 'Usage'
            end as commitment_discount_category,
            coalesce(savings_plan_id, reservation_id) as commitment_discount_id,
            commitment_discount_status,
            case
                when savings_plan_id is not null
                then 'Savings Plan'
                when reservation_id is not null
                then 'Reserved Instance'
            end as commitment_discount_type,
            case
                when commitment_discount_status is null
                then null
                when savings_plan_id is not null
                then line_item_currency_code
                when commitment_discount_status = 'Used'
                then pricing_unit
            end as commitment_discount_unit,
            nullif(bill_invoice_id, '') as invoice_id,
            nullif(bill_invoicing_entity, '') as invoice_issuer_name,
            case
                when charge_category <> 'Usage' or charge_class is not null
                then null
                when commitment_discount_status is not null
                then 'Committed'
                when line_item_usage_type like '%SpotUsage%'
                then 'Dynamic'
                else 'Standard'
            end as pricing_category,
            case
                when
                    kind = 'line'
                    and {{ aws_charge_category() }} in ('Usage', 'Purchase')
                then nullif(pricing_unit, '')
            end as pricing_unit,
            case
                when bill_billing_entity = 'AWS Marketplace'
                then nullif(line_item_legal_entity, '')
            end as publisher_name,
            regions.region_id,
            regions.region_name,
            case
                when has_resource
                then
                    coalesce(nullif(product_product_family, ''), line_item_product_code)
                when kind = 'unused'
                then if(savings_plan_id is null, 'Reserved Instance', 'Savings Plan')
            end as resource_type,
            coalesce(services.service_category, 'Other') as service_category,
            coalesce(services.service_name, line_item_product_code) as service_name,
            coalesce(
                services.service_subcategory, 'Other (Other)'
            ) as service_subcategory,
            nullif(product_sku, '') as sku_id,
            nullif(line_item_usage_type, '') as sku_meter,
            nullif(pricing_rate_code, '') as sku_price_id,
            line_item_usage_account_id as sub_account_id,
            nullif(line_item_usage_account_name, '') as sub_account_name,
            line_item_line_item_type as x_charge_type,
            nullif(product_instance_type, '') as x_instance_type,
            source as x_source,
            'aws_cur2' as x_source_format,
        from classified
        left join
            services on services.native_name = lower(classified.line_item_product_code)
        left join regions on regions.native_name = classified.product_region_code
    )

select
    provider,
    billing_period,
    x_details_id,
    {%- for name, type in focus_columns() if name in detail_columns() %}
        {% if name in absent %} cast(null as {{ type }}) as {{ name }},
        {%- else %} {{ name }},
        {%- endif %}
    {%- endfor %}
from mapped
