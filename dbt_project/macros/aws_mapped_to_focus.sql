{#-
    Line items of a Cost and Usage Report, under CUR 2.0's names, as FOCUS charges; `lines` is the staging relation,
    `source_format` what the rows say they are. CUR 2.0 itself is mapped in two parts (`int_aws_cur2__charges` and
    `int_aws_cur2__charge_details`) for the sake of its size; both ways share the rules of `aws_line_rule`,
    `aws_charge_category` and `aws_charge_frequency`, and a change to one is a change to the other.
-#}
{% macro aws_mapped_to_focus(lines, source_format) %}
    {#- FOCUS columns that a CUR has nothing for, or that follow by rule (see staging/README.md). -#}
    {% set absent = [
        "billing_account_type",
        "commitment_discount_name",
        "consumed_quantity",
        "consumed_unit",
        "contracted_unit_price",
        "list_unit_price",
        "pricing_currency",
        "pricing_currency_contracted_unit_price",
        "pricing_currency_effective_cost",
        "pricing_currency_list_unit_price",
        "provider_name",
        "resource_name",
        "sku_price_details",
        "sub_account_type",
        "x_source_changes",
    ] %}

    with
        lines as (select * from {{ lines }}),

        services as (select * from {{ ref("focus_services") }} where provider = 'aws'),

        regions as (select * from {{ ref("cloud_regions") }} where provider = 'aws'),

        typed as (
            select
                *,
                nullif(savings_plan_savings_plan_a_r_n, '') as savings_plan_id,
                nullif(reservation_reservation_a_r_n, '') as reservation_id,
                nullif(line_item_resource_id, '') as resource_id,
                -- A share of an instance whose own line carries the price: its list
                -- price is not counted again.
                coalesce(
                    line_item_operation in ('EKSPod-EC2', 'ECSTask-EC2'), false
                ) as is_split_cost,
                coalesce(
                    line_item_net_unblended_cost, line_item_unblended_cost
                ) as invoiced_cost,
                {{ aws_line_rule() }} as line_rule,
            from lines
        ),

        ruled as (
            select
                *,
                case
                    when line_rule <> 'fee'
                    then line_rule
                    when savings_plan_id is null and reservation_id is null
                    then 'as_invoiced'
                    else 'commitment_fee'
                end as cost_rule,
            from typed
        ),

        charges as (
            select
                *,
                case
                    when line_rule = 'discount' and resource_id is not null
                    then 'Usage'
                    else {{ aws_charge_category() }}
                end as charge_category,
                case
                    when line_item_line_item_type = 'Refund' then 'Correction'
                end as charge_class,
                {{ aws_charge_frequency() }} as charge_frequency,
                case
                    when cost_rule in ('plan_covered', 'reservation_covered')
                    then 'Used'
                end as commitment_discount_status,
                case
                    when cost_rule = 'plan_covered' then 0 else invoiced_cost
                end as billed_cost,
                case
                    cost_rule
                    when 'plan_covered'
                    then
                        coalesce(
                            savings_plan_net_savings_plan_effective_cost,
                            savings_plan_savings_plan_effective_cost,
                            0
                        )
                    when 'reservation_covered'
                    then
                        coalesce(
                            reservation_net_effective_cost,
                            reservation_effective_cost,
                            0
                        )
                    when 'commitment_fee'
                    then 0
                    else invoiced_cost
                end as effective_cost,
                case
                    when cost_rule = 'plan_covered'
                    then line_item_unblended_cost
                    when cost_rule = 'reservation_covered'
                    then coalesce(pricing_public_on_demand_cost, 0)
                    when cost_rule = 'commitment_fee' or is_split_cost
                    then 0
                    else invoiced_cost
                end as contracted_cost,
                case
                    when cost_rule in ('commitment_fee', 'discount') or is_split_cost
                    then 0
                    when cost_rule = 'as_invoiced'
                    then invoiced_cost
                    else
                        coalesce(
                            pricing_public_on_demand_cost, line_item_unblended_cost
                        )
                end as list_cost,
            from ruled
            -- A negation is no charge of its own: the usage whose price it takes back
            -- is billed at 0.
            where cost_rule <> 'plan_negation'
        ),

        -- What a commitment cost and nobody used, beside the fee that bought it.
        unused_commitments as (
            select
                * exclude (resource_id),
                'Usage' as charge_category,
                'Usage-Based' as charge_frequency,
                'Unused' as commitment_discount_status,
                cast(0 as decimal(38, 12)) as billed_cost,
                case
                    line_item_line_item_type
                    when 'SavingsPlanRecurringFee'
                    then
                        coalesce(
                            savings_plan_total_commitment_to_date
                            - savings_plan_used_commitment,
                            0
                        )
                    else
                        coalesce(
                            reservation_net_unused_amortized_upfront_fee_for_billing_period,
                            reservation_unused_amortized_upfront_fee_for_billing_period,
                            0
                        ) + coalesce(
                            reservation_net_unused_recurring_fee,
                            reservation_unused_recurring_fee,
                            0
                        )
                end as effective_cost,
                cast(0 as decimal(38, 12)) as contracted_cost,
                cast(0 as decimal(38, 12)) as list_cost,
            from ruled
            where line_item_line_item_type in ('SavingsPlanRecurringFee', 'RIFee')
        ),

        -- Covered usage and its negations cancel, on the whole of a plan: a negation
        -- may sit on another account. Where they
        -- do not, the invoice holds the difference, so the fact does.
        uncancelled_negations as (
            select
                provider,
                source,
                billing_period,
                bill_payer_account_id,
                line_item_currency_code,
                savings_plan_id,
                date_trunc(
                    'day', line_item_usage_start_date
                ) as line_item_usage_start_date,
                'ComputeSavingsPlans' as line_item_product_code,
                'SavingsPlanNegation' as line_item_line_item_type,
                'Savings plan negations that do not cancel the usage they cover'
                as line_item_line_item_description,
                'Adjustment' as charge_category,
                'One-Time' as charge_frequency,
                sum(invoiced_cost) as billed_cost,
            from ruled
            where cost_rule in ('plan_covered', 'plan_negation')
            group by
                provider,
                source,
                billing_period,
                bill_payer_account_id,
                line_item_currency_code,
                savings_plan_id,
                date_trunc('day', line_item_usage_start_date)
            having sum(invoiced_cost) <> 0
        ),

        all_charges as (
            select *
            from charges
            union all by name
            select *
            from unused_commitments
            where effective_cost <> 0
            union all by name
            select
                *,
                billed_cost as effective_cost,
                billed_cost as contracted_cost,
                billed_cost as list_cost,
                line_item_usage_start_date + interval 1 day as line_item_usage_end_date,
            from uncancelled_negations
        ),

        mapped as (
            select
                all_charges.provider,
                all_charges.billing_period,
                nullif(line_item_availability_zone, '') as availability_zone,
                billed_cost,
                bill_payer_account_id as billing_account_id,
                nullif(bill_payer_account_name, '') as billing_account_name,
                line_item_currency_code as billing_currency,
                nullif(
                    capacity_reservation_capacity_reservation_arn, ''
                ) as capacity_reservation_id,
                case
                    when capacity_reservation_capacity_reservation_arn = ''
                    then null
                    when capacity_reservation_capacity_reservation_status = 'unused'
                    then 'Unused'
                    when capacity_reservation_capacity_reservation_arn is not null
                    then 'Used'
                end as capacity_reservation_status,
                charge_category,
                charge_class,
                nullif(line_item_line_item_description, '') as charge_description,
                charge_frequency,
                line_item_usage_end_date as charge_period_end,
                line_item_usage_start_date as charge_period_start,
                case
                    when savings_plan_id is not null
                    then 'Spend'
                    when reservation_id is not null
                    then 'Usage'
                end as commitment_discount_category,
                coalesce(savings_plan_id, reservation_id) as commitment_discount_id,
                case
                    when commitment_discount_status is null
                    then null
                    when savings_plan_id is not null
                    then effective_cost
                    when commitment_discount_status = 'Used'
                    then line_item_usage_amount
                end as commitment_discount_quantity,
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
                contracted_cost,
                effective_cost,
                nullif(bill_invoice_id, '') as invoice_id,
                nullif(
                    nullif(bill_invoicing_entity, ''), 'Amazon Web Services, Inc.'
                ) as invoice_issuer_name,
                list_cost,
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
                        charge_category in ('Usage', 'Purchase')
                        and commitment_discount_status is distinct from 'Unused'
                    then line_item_usage_amount
                end as pricing_quantity,
                case
                    when
                        charge_category in ('Usage', 'Purchase')
                        and commitment_discount_status is distinct from 'Unused'
                    then nullif(pricing_unit, '')
                end as pricing_unit,
                case
                    when bill_billing_entity = 'AWS Marketplace'
                    then nullif(line_item_legal_entity, '')
                end as publisher_name,
                regions.region_id,
                regions.region_name,
                coalesce(
                    resource_id,
                    if(
                        commitment_discount_status = 'Unused',
                        coalesce(savings_plan_id, reservation_id),
                        null
                    )
                ) as resource_id,
                case
                    when resource_id is not null
                    then
                        coalesce(
                            nullif(product_product_family, ''), line_item_product_code
                        )
                    when
                        commitment_discount_status = 'Unused'
                        and savings_plan_id is not null
                    then 'Savings Plan'
                    when
                        commitment_discount_status = 'Unused'
                        and reservation_id is not null
                    then 'Reserved Instance'
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
                resource_tags as tags,
                line_item_line_item_type as x_charge_type,
                nullif(product_instance_type, '') as x_instance_type,
                source as x_source,
                '{{ source_format }}' as x_source_format,
            from all_charges
            left join
                services
                on services.native_name = lower(all_charges.line_item_product_code)
            left join regions on regions.native_name = all_charges.product_region_code
        )

        {{ select_focus_columns("mapped", absent) }}
{% endmacro %}
