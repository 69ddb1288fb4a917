with
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
                    then known_commitment_discount_unit
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
                if(
                    is_effective_as_usage, 0, coalesce(effective_cost, billed_cost)
                ) as effective_cost,
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
                if(
                    is_effective_as_usage
                    and pricing_currency_effective_cost is not null,
                    0,
                    pricing_currency_effective_cost
                ) as pricing_currency_effective_cost,
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
            coalesce(
                if(spelled_charge_category is null, charge_category, null), cost_type
            ) as x_charge_type,
            json_extract_string(sku_price_details, '$.InstanceType') as x_instance_type,
            source as x_source,
            changes as x_source_changes,
            'focus' as x_source_format,
        from {{ ref("int_focus__repairs_noted") }}
    )

    {{ select_focus_columns("mapped") }}
