{{ config(materialized="parsed", source_format="focus") }}

{#- FOCUS's own columns, without the end of the billing period. -#}
{% set native_names = {
    "texts": [
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
    "nested": {"native_tags": "Tags"},
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

{{
    staged_lines(
        source("landing_focus", "focus_parquet"),
        source("landing_focus", "focus_csv"),
        "billing_period_start",
        **columns,
    )
}}
