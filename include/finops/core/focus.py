"""The columns of FOCUS 1.2, as its specification names, types and constrains them.

Inside the platform the names are snake_case (``snake``); what leaves it carries the specification's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Data types of the specification."""

    TEXT = "String"
    DECIMAL = "Decimal"
    MOMENT = "Date/Time"
    JSON = "JSON"


class Level(StrEnum):
    """Feature levels of the specification."""

    MANDATORY = "Mandatory"
    CONDITIONAL = "Conditional"
    RECOMMENDED = "Recommended"


@dataclass(frozen=True, slots=True)
class FocusColumn:
    """One column: its name in the specification and what it may hold. Empty ``allowed``: anything of its kind."""

    name: str
    kind: Kind
    level: Level
    is_nullable: bool = True
    allowed: tuple[str, ...] = ()

    @property
    def snake(self) -> str:
        """The column's name inside the platform."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name).lower()


COLUMNS: tuple[FocusColumn, ...] = (
    FocusColumn("AvailabilityZone", Kind.TEXT, Level.RECOMMENDED),
    FocusColumn("BilledCost", Kind.DECIMAL, Level.MANDATORY, is_nullable=False),
    FocusColumn("BillingAccountId", Kind.TEXT, Level.MANDATORY, is_nullable=False),
    FocusColumn("BillingAccountName", Kind.TEXT, Level.MANDATORY),
    FocusColumn("BillingAccountType", Kind.TEXT, Level.CONDITIONAL, is_nullable=False),
    FocusColumn("BillingCurrency", Kind.TEXT, Level.MANDATORY, is_nullable=False),
    FocusColumn("BillingPeriodEnd", Kind.MOMENT, Level.MANDATORY, is_nullable=False),
    FocusColumn("BillingPeriodStart", Kind.MOMENT, Level.MANDATORY, is_nullable=False),
    FocusColumn("CapacityReservationId", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("CapacityReservationStatus", Kind.TEXT, Level.CONDITIONAL, allowed=("Used", "Unused")),
    FocusColumn(
        "ChargeCategory",
        Kind.TEXT,
        Level.MANDATORY,
        is_nullable=False,
        allowed=("Usage", "Purchase", "Tax", "Credit", "Adjustment"),
    ),
    FocusColumn("ChargeClass", Kind.TEXT, Level.MANDATORY, allowed=("Correction",)),
    FocusColumn("ChargeDescription", Kind.TEXT, Level.MANDATORY),
    FocusColumn(
        "ChargeFrequency",
        Kind.TEXT,
        Level.RECOMMENDED,
        is_nullable=False,
        allowed=("One-Time", "Recurring", "Usage-Based"),
    ),
    FocusColumn("ChargePeriodEnd", Kind.MOMENT, Level.MANDATORY, is_nullable=False),
    FocusColumn("ChargePeriodStart", Kind.MOMENT, Level.MANDATORY, is_nullable=False),
    FocusColumn("CommitmentDiscountCategory", Kind.TEXT, Level.CONDITIONAL, allowed=("Spend", "Usage")),
    FocusColumn("CommitmentDiscountId", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("CommitmentDiscountName", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("CommitmentDiscountQuantity", Kind.DECIMAL, Level.CONDITIONAL),
    FocusColumn("CommitmentDiscountStatus", Kind.TEXT, Level.CONDITIONAL, allowed=("Used", "Unused")),
    FocusColumn("CommitmentDiscountType", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("CommitmentDiscountUnit", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("ConsumedQuantity", Kind.DECIMAL, Level.CONDITIONAL),
    FocusColumn("ConsumedUnit", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("ContractedCost", Kind.DECIMAL, Level.MANDATORY, is_nullable=False),
    FocusColumn("ContractedUnitPrice", Kind.DECIMAL, Level.CONDITIONAL),
    FocusColumn("EffectiveCost", Kind.DECIMAL, Level.MANDATORY, is_nullable=False),
    FocusColumn("InvoiceId", Kind.TEXT, Level.RECOMMENDED),
    FocusColumn("InvoiceIssuerName", Kind.TEXT, Level.MANDATORY, is_nullable=False),
    FocusColumn("ListCost", Kind.DECIMAL, Level.MANDATORY, is_nullable=False),
    FocusColumn("ListUnitPrice", Kind.DECIMAL, Level.CONDITIONAL),
    FocusColumn("PricingCategory", Kind.TEXT, Level.CONDITIONAL, allowed=("Standard", "Dynamic", "Committed", "Other")),
    FocusColumn("PricingCurrency", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("PricingCurrencyContractedUnitPrice", Kind.DECIMAL, Level.CONDITIONAL),
    FocusColumn("PricingCurrencyEffectiveCost", Kind.DECIMAL, Level.CONDITIONAL),
    FocusColumn("PricingCurrencyListUnitPrice", Kind.DECIMAL, Level.CONDITIONAL),
    FocusColumn("PricingQuantity", Kind.DECIMAL, Level.MANDATORY),
    FocusColumn("PricingUnit", Kind.TEXT, Level.MANDATORY),
    FocusColumn("ProviderName", Kind.TEXT, Level.MANDATORY, is_nullable=False),
    FocusColumn("PublisherName", Kind.TEXT, Level.MANDATORY, is_nullable=False),
    FocusColumn("RegionId", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("RegionName", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("ResourceId", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("ResourceName", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("ResourceType", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn(
        "ServiceCategory",
        Kind.TEXT,
        Level.MANDATORY,
        is_nullable=False,
        allowed=(
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
        ),
    ),
    FocusColumn("ServiceName", Kind.TEXT, Level.MANDATORY, is_nullable=False),
    FocusColumn("ServiceSubcategory", Kind.TEXT, Level.RECOMMENDED, is_nullable=False),
    FocusColumn("SkuId", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("SkuMeter", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("SkuPriceDetails", Kind.JSON, Level.CONDITIONAL),
    FocusColumn("SkuPriceId", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("SubAccountId", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("SubAccountName", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("SubAccountType", Kind.TEXT, Level.CONDITIONAL),
    FocusColumn("Tags", Kind.JSON, Level.CONDITIONAL),
)

NAMES: dict[str, str] = {column.snake: column.name for column in COLUMNS}
"""Name of the specification by the name inside the platform."""

KNOWN_ADJUSTMENTS = ("Refund", "SavingsPlanNegation", "RoundingAdjustment", "adjustment", "rounding_error")
"""Native line types (``x_charge_type``) that are mapped to the charge category Adjustment; any other is unmapped."""
