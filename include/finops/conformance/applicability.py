"""To which rows each of FOCUS 1.2's columns applies, as its nullability requirements say.

Where a requirement turns on something only the provider knows (whether a charge has a zone, a region, an invoice),
the condition is the widest set of rows that may have it, and null is allowed there (``must=False``).
"""

from __future__ import annotations

from finops.conformance.models import Applicability

_ALL = "true"
_PRICED = "charge_category in ('Usage', 'Purchase') and charge_class is distinct from 'Correction'"
_USAGE = "charge_category = 'Usage'"
_USED = "charge_category = 'Usage' and commitment_discount_status is distinct from 'Unused'"
_COMMITTED = "commitment_discount_id is not null"


def _when(column: str, other: str, rule: str, *, must: bool = True) -> Applicability:
    return Applicability(column, f"{other} is not null", rule, must)


APPLICABILITY: tuple[Applicability, ...] = (
    Applicability("AvailabilityZone", _USAGE, "AvailabilityZone-C-003-C", must=False),
    Applicability("BilledCost", _ALL, "BilledCost-C-003-M"),
    Applicability("BillingAccountId", _ALL, "BillingAccountId-C-001-M"),
    Applicability("BillingAccountName", _ALL, "BillingAccountName-C-003-C"),
    _when("BillingAccountType", "billing_account_id", "BillingAccountType-C-005-C"),
    Applicability("BillingCurrency", _ALL, "BillingCurrency-C-004-M"),
    Applicability("BillingPeriodEnd", _ALL, "BillingPeriodEnd-C-003-M"),
    Applicability("BillingPeriodStart", _ALL, "BillingPeriodStart-C-003-M"),
    _when(
        "CapacityReservationId",
        "coalesce(capacity_reservation_id, capacity_reservation_status)",
        "CapacityReservationId-C-005-C",
    ),
    Applicability(
        "CapacityReservationStatus",
        f"capacity_reservation_id is not null and {_USAGE}",
        "CapacityReservationStatus-C-004-C",
    ),
    Applicability("ChargeCategory", _ALL, "ChargeCategory-C-002-M"),
    # Nothing else in the fact says that a charge is a correction.
    _when("ChargeClass", "charge_class", "ChargeClass-C-003-C"),
    Applicability("ChargeDescription", _ALL, "ChargeDescription-C-003-O", must=False),
    Applicability("ChargeFrequency", _ALL, "ChargeFrequency-C-002-M"),
    Applicability("ChargePeriodEnd", _ALL, "ChargePeriodEnd-C-003-M"),
    Applicability("ChargePeriodStart", _ALL, "ChargePeriodStart-C-003-M"),
    Applicability("CommitmentDiscountCategory", _COMMITTED, "CommitmentDiscountCategory-C-004-C"),
    Applicability(
        "CommitmentDiscountId",
        f"{_COMMITTED} or commitment_discount_status is not null or commitment_discount_type is not null"
        " or pricing_category = 'Committed'",
        "CommitmentDiscountId-C-005-C",
    ),
    Applicability("CommitmentDiscountName", _COMMITTED, "CommitmentDiscountName-C-006-C", must=False),
    Applicability("CommitmentDiscountQuantity", f"{_COMMITTED} and {_PRICED}", "CommitmentDiscountQuantity-C-005-C"),
    Applicability("CommitmentDiscountStatus", f"{_COMMITTED} and {_USAGE}", "CommitmentDiscountStatus-C-004-C"),
    Applicability("CommitmentDiscountType", _COMMITTED, "CommitmentDiscountType-C-005-C"),
    _when("CommitmentDiscountUnit", "commitment_discount_quantity", "CommitmentDiscountUnit-C-006-C"),
    Applicability(
        "ConsumedQuantity", f"{_USED} and charge_class is distinct from 'Correction'", "ConsumedQuantity-C-006-C"
    ),
    _when("ConsumedUnit", "consumed_quantity", "ConsumedUnit-C-006-C"),
    Applicability("ContractedCost", _ALL, "ContractedCost-C-003-M"),
    Applicability("ContractedUnitPrice", _PRICED, "ContractedUnitPrice-C-006-C"),
    Applicability("EffectiveCost", _ALL, "EffectiveCost-C-003-M"),
    Applicability("InvoiceId", _ALL, "InvoiceId-C-005-C", must=False),
    Applicability("InvoiceIssuerName", _ALL, "InvoiceIssuerName-C-003-M"),
    Applicability("ListCost", _ALL, "ListCost-C-003-M"),
    Applicability("ListUnitPrice", _PRICED, "ListUnitPrice-C-005-C"),
    Applicability("PricingCategory", _PRICED, "PricingCategory-C-004-C"),
    Applicability("PricingCurrency", _ALL, "PricingCurrency-C-004-M"),
    Applicability("PricingCurrencyContractedUnitPrice", _PRICED, "PricingCurrencyContractedUnitPrice-C-005-C"),
    Applicability("PricingCurrencyEffectiveCost", _ALL, "PricingCurrencyEffectiveCost-C-003-M"),
    Applicability("PricingCurrencyListUnitPrice", _PRICED, "PricingCurrencyListUnitPrice-C-005-C"),
    Applicability("PricingQuantity", _PRICED, "PricingQuantity-C-005-C"),
    _when("PricingUnit", "pricing_quantity", "PricingUnit-C-006-C"),
    Applicability("ProviderName", _ALL, "ProviderName-C-003-M"),
    Applicability("PublisherName", _ALL, "PublisherName-C-003-M"),
    Applicability("RegionId", _USAGE, "RegionId-C-004-C", must=False),
    _when("RegionName", "region_id", "RegionName-C-005-C"),
    Applicability("ResourceId", _USED, "ResourceId-C-005-C", must=False),
    _when("ResourceName", "resource_id", "ResourceName-C-005-C", must=False),
    _when("ResourceType", "resource_id", "ResourceType-C-005-C"),
    Applicability("ServiceCategory", _ALL, "ServiceCategory-C-002-M"),
    Applicability("ServiceName", _ALL, "ServiceName-C-003-M"),
    Applicability("ServiceSubcategory", _ALL, "ServiceSubcategory-C-002-M"),
    Applicability("SkuId", _PRICED, "SkuId-C-005-C"),
    _when("SkuMeter", "sku_id", "SkuMeter-C-005-C", must=False),
    _when("SkuPriceDetails", "sku_price_id", "SkuPriceDetails-C-005-C", must=False),
    Applicability("SkuPriceId", _PRICED, "SkuPriceId-C-005-C"),
    Applicability("SubAccountId", _ALL, "SubAccountId-C-005-C", must=False),
    _when("SubAccountName", "sub_account_id", "SubAccountName-C-005-C"),
    _when("SubAccountType", "sub_account_id", "SubAccountType-C-005-C"),
    Applicability("Tags", _USAGE, "Tags-C-002-O", must=False),
)
