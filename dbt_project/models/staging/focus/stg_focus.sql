{{ config(materialized="parsed", source_format="focus") }}

{#- FOCUS's own columns, those of 1.3 among them, without the end of the billing period. -#}
{% set native_names = {
    "texts": [
        "AllocatedMethodId",
        "AllocatedResourceId",
        "AllocatedResourceName",
        "AvailabilityZone",
        "BillingAccountId",
        "BillingAccountName",
        "BillingAccountType",
        "BillingCurrency",
        "CapacityReservationId",
        "CapacityReservationStatus",
        "ChargeCategory",
        "ChargeClass",
        "ChargeDescription",
        "ChargeFrequency",
        "CommitmentDiscountCategory",
        "CommitmentDiscountId",
        "CommitmentDiscountName",
        "CommitmentDiscountStatus",
        "CommitmentDiscountType",
        "CommitmentDiscountUnit",
        "ConsumedUnit",
        "HostProviderName",
        "InvoiceId",
        "InvoiceIssuerName",
        "PricingCategory",
        "PricingCurrency",
        "PricingUnit",
        "ProviderName",
        "PublisherName",
        "RegionId",
        "RegionName",
        "ResourceId",
        "ResourceName",
        "ResourceType",
        "ServiceCategory",
        "ServiceName",
        "ServiceProviderName",
        "ServiceSubcategory",
        "SkuId",
        "SkuMeter",
        "SkuPriceId",
        "SubAccountId",
        "SubAccountName",
        "SubAccountType",
    ],
    "amounts": [
        "BilledCost",
        "CommitmentDiscountQuantity",
        "ConsumedQuantity",
        "ContractedCost",
        "ContractedUnitPrice",
        "EffectiveCost",
        "ListCost",
        "ListUnitPrice",
        "PricingCurrencyContractedUnitPrice",
        "PricingCurrencyEffectiveCost",
        "PricingCurrencyListUnitPrice",
        "PricingQuantity",
    ],
    "moments": [
        "BillingPeriodStart",
        "ChargePeriodEnd",
        "ChargePeriodStart",
    ],
} %}
{#- The names that FOCUS gives them, by those in snake_case. -#}
{% set columns = {
    "texts": {},
    "amounts": {},
    "moments": {},
    "nested": {
        "allocated_method_details": "AllocatedMethodDetails",
        "allocated_tags": "AllocatedTags",
        "contract_applied": "ContractApplied",
        "native_tags": "Tags",
    },
    "expressions": {
        "sku_price_details": json_object_from(
            adapter.quote("SkuPriceDetails")
        )
    },
} %}
{% for kind, names in native_names.items() %}
    {% for name in names %}
        {% set snake = modules.re.sub("(?<!^)(?=[A-Z])", "_", name) | lower %}
        {% do columns[kind].update({snake: [name]}) %}
    {% endfor %}
{% endfor %}
{#- What FOCUS 1.0-preview, Microsoft and Google call them, and what they add. -#}
{% do columns["texts"].update(
    {
        "charge_subcategory": ["ChargeSubcategory"],
        "consumed_unit": ["ConsumedUnit", "UsageUnit"],
        "cost_type": ["x_CostType"],
        "invoice_id": ["InvoiceId", "x_InvoiceId"],
        "pricing_currency": ["PricingCurrency", "x_PricingCurrency"],
        "provider_name": ["ServiceProviderName", "ProviderName"],
        "region_id": ["RegionId", "Region"],
        "sku_meter": ["SkuMeter", "x_SkuMeterName"],
    }
) %}
{% do columns["amounts"].update(
    {
        "consumed_quantity": ["ConsumedQuantity", "UsageQuantity"],
        "contracted_cost": ["ContractedCost", "x_OnDemandCost"],
        "contracted_unit_price": [
            "ContractedUnitPrice",
            "x_OnDemandUnitPrice",
        ],
        "exchange_rate": ["x_BillingExchangeRate", "x_CurrencyConversionRate"],
    }
) %}

{{
    staged_lines(
        source("landing_focus", "focus_parquet"),
        source("landing_focus", "focus_csv"),
        "billing_period_start",
        **columns,
    )
}}
