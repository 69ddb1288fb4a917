{#-
    The staging of an Azure cost export, actual or amortized, EA or MCA: the two have the same columns, under names that
    differ between agreements and versions (see the format's column list). An MCA export has a column `Provider` of its
    own, which the partition of that name replaces; `provider as provider` gives it the spelling of the other formats.
-#}
{% macro azure_cost_lines(source_format) %}
    {%- set texts = {
        "additional_info": ["AdditionalInfo"],
        "availability_zone": ["AvailabilityZone"],
        "benefit_id": ["BenefitId"],
        "benefit_name": ["BenefitName"],
        "billing_account_id": ["BillingAccountId"],
        "billing_account_name": ["BillingAccountName"],
        "billing_currency": [
            "BillingCurrency",
            "BillingCurrencyCode",
            "Currency",
        ],
        "billing_profile_id": ["BillingProfileId"],
        "billing_profile_name": ["BillingProfileName"],
        "charge_type": ["ChargeType"],
        "consumed_service": ["ConsumedService"],
        "frequency": ["Frequency"],
        "invoice_id": ["InvoiceId"],
        "meter_category": ["MeterCategory"],
        "meter_id": ["MeterId"],
        "meter_name": ["MeterName"],
        "pricing_currency": ["PricingCurrency", "PricingCurrencyCode"],
        "pricing_model": ["PricingModel"],
        "product_id": ["ProductId", "PartNumber"],
        "product_name": ["ProductName", "Product"],
        "product_order_id": ["ProductOrderId"],
        "product_order_name": ["ProductOrderName"],
        "publisher_name": ["PublisherName"],
        "publisher_type": ["PublisherType"],
        "reseller_name": ["ResellerName"],
        "reservation_id": ["ReservationId"],
        "reservation_name": ["ReservationName"],
        "resource_id": ["ResourceId", "InstanceId"],
        "resource_location": ["ResourceLocation", "Location"],
        "resource_name": ["ResourceName"],
        "subscription_id": ["SubscriptionId", "SubscriptionGuid"],
        "subscription_name": ["SubscriptionName"],
        "term": ["Term"],
        "unit_of_measure": ["UnitOfMeasure"],
    } -%}
    {%- set amounts = {
        "cost": ["CostInBillingCurrency", "Cost", "PreTaxCost"],
        "cost_in_pricing_currency": ["CostInPricingCurrency"],
        "effective_price": ["EffectivePrice", "ResourceRate"],
        "exchange_rate": ["ExchangeRatePricingToBilling"],
        "pay_as_you_go_cost": ["PaygCostInBillingCurrency"],
        "pay_as_you_go_price": ["PayGPrice"],
        "quantity": ["Quantity", "UsageQuantity"],
        "unit_price": ["UnitPrice"],
    } -%}
    {%- set moments = {
        "billing_period_start_date": ["BillingPeriodStartDate"],
        "charge_date": ["Date", "UsageDateTime", "UsageDate"],
    } -%}
    with
        from_parquet as (
            select
                provider as provider,
                source as source,
                billing_period as billing_period,
                {%- for name, natives in texts.items() %}
                    {{ text_of(natives) }} as {{ name }},
                {%- endfor %}
                {{ text_of(["Tags"]) }} as native_tags,
                {%- for name, natives in amounts.items() %}
                    {{ money(first_of(natives)) }} as {{ name }},
                {%- endfor %}
                {%- for name, natives in moments.items() %}
                    {{ moment_of(first_of(natives)) }} as {{ name }},
                {%- endfor %}
            from {{ source("landing_azure", source_format ~ "_parquet") }}
        ),

        from_csv as (
            select
                provider as provider,
                source as source,
                billing_period as billing_period,
                {%- for name, natives in texts.items() %}
                    {{ text_of(natives) }} as {{ name }},
                {%- endfor %}
                {{ text_of(["Tags"]) }} as native_tags,
                {%- for name, natives in amounts.items() %}
                    {{ money_from_text(text_of(natives)) }} as {{ name }},
                {%- endfor %}
                {%- for name, natives in moments.items() %}
                    {{ moment_of(text_of(natives)) }} as {{ name }},
                {%- endfor %}
            from {{ source("landing_azure", source_format ~ "_csv") }}
        ),

        unioned as (
            select *
            from from_parquet
            union all by name
            select *
            from from_csv
        )

    select *
    from unioned
    where {{ is_of_billing_period("billing_period_start_date") }}
{%- endmacro %}
