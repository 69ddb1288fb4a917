{#-
    The columns of an Azure cost export, actual or amortized, EA or MCA, for `staged_lines`. The exports have the same
    columns, under names that differ between agreements and versions (see the format's column list). That of a
    pay-as-you-go subscription has no billing account, no billing period and no charge type: the subscription is billed for
    the month of its usage.
-#}
{% macro azure_cost_columns() %}
    {% set texts = {
        "additional_info": ["AdditionalInfo"],
        "availability_zone": ["AvailabilityZone"],
        "benefit_id": ["BenefitId"],
        "benefit_name": ["BenefitName"],
        "billing_account_id": [
            "BillingAccountId",
            "SubscriptionId",
            "SubscriptionGuid",
        ],
        "billing_account_name": ["BillingAccountName"],
        "billing_currency": [
            "BillingCurrency",
            "BillingCurrencyCode",
            "Currency",
        ],
        "billing_profile_id": ["BillingProfileId"],
        "billing_profile_name": ["BillingProfileName"],
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
    } %}
    {% set amounts = {
        "cost": ["CostInBillingCurrency", "Cost", "PreTaxCost"],
        "cost_in_pricing_currency": ["CostInPricingCurrency"],
        "effective_price": ["EffectivePrice", "ResourceRate"],
        "exchange_rate": ["ExchangeRatePricingToBilling"],
        "pay_as_you_go_cost": ["PaygCostInBillingCurrency"],
        "pay_as_you_go_price": ["PayGPrice"],
        "quantity": ["Quantity", "UsageQuantity"],
        "unit_price": ["UnitPrice"],
    } %}
    {% set moments = {
        "billing_period_start_date": [
            "BillingPeriodStartDate",
            "Date",
            "UsageDateTime",
            "UsageDate",
        ],
        "charge_date": ["Date", "UsageDateTime", "UsageDate"],
    } %}
    {{
        return(
            {
                "texts": texts,
                "amounts": amounts,
                "moments": moments,
                "expressions": {
                    "charge_type": "coalesce("
                    ~ text_of(["ChargeType"])
                    ~ ", 'Usage')"
                },
                "nested": {"native_tags": "Tags"},
            }
        )
    }}
{% endmacro %}
