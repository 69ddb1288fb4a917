"""What staging reads of each format, beside its amounts: one table, column → kind.

Amounts are every column whose type in the format's list is a number. A dot leads into a struct. CUR 2.0 and legacy CUR
share a table under the names of CUR 2.0.
"""

from __future__ import annotations

from enum import StrEnum

from finops.core.formats import SourceFormat, columns_of


class Kind(StrEnum):
    """How a cell is read, hence what it must be."""

    PERIOD_START = "start of the billing period"
    PERIOD_END = "end of the billing period"
    CHARGE_START = "start of a charge"
    CHARGE_END = "end of a charge"
    CHARGE_DAY = "day of a charge"
    MONTH = "invoice month, YYYYMM"
    CURRENCY = "code of ISO 4217"
    FILLED = "text, never empty"
    ACCOUNT = "account id, never empty"
    AWS_ACCOUNT = "account id of 12 digits"
    NUMBER = "number, written as text in Parquet too"
    QUANTITY = "quantity in a struct"


_AWS = {
    "bill_billing_period_start_date": Kind.PERIOD_START,
    "bill_billing_period_end_date": Kind.PERIOD_END,
    "bill_payer_account_id": Kind.AWS_ACCOUNT,
    "line_item_currency_code": Kind.CURRENCY,
    "line_item_usage_account_id": Kind.AWS_ACCOUNT,
    "line_item_usage_start_date": Kind.CHARGE_START,
    "line_item_usage_end_date": Kind.CHARGE_END,
    "reservation_total_reserved_normalized_units": Kind.NUMBER,
    "reservation_total_reserved_units": Kind.NUMBER,
    "reservation_unused_normalized_unit_quantity": Kind.NUMBER,
    "reservation_unused_quantity": Kind.NUMBER,
}
_AZURE = {
    "BillingAccountId": Kind.ACCOUNT,
    "BillingCurrency": Kind.CURRENCY,
    "BillingPeriodStartDate": Kind.PERIOD_START,
    "BillingPeriodEndDate": Kind.PERIOD_END,
    "ChargeType": Kind.FILLED,
    "Date": Kind.CHARGE_DAY,
}
_GCP = {
    "billing_account_id": Kind.ACCOUNT,
    "cost_type": Kind.FILLED,
    "currency": Kind.CURRENCY,
    "invoice.month": Kind.MONTH,
    "price.tier_start_amount": Kind.QUANTITY,
    "service.description": Kind.FILLED,
    "usage.amount": Kind.QUANTITY,
    "usage.amount_in_pricing_units": Kind.QUANTITY,
    "usage_start_time": Kind.CHARGE_START,
    "usage_end_time": Kind.CHARGE_END,
}
_FOCUS = {
    "BillingAccountId": Kind.ACCOUNT,
    "BillingCurrency": Kind.CURRENCY,
    "BillingPeriodStart": Kind.PERIOD_START,
    "BillingPeriodEnd": Kind.PERIOD_END,
    "ChargePeriodStart": Kind.CHARGE_START,
    "ChargePeriodEnd": Kind.CHARGE_END,
    "ServiceName": Kind.FILLED,
}
READ: dict[SourceFormat, dict[str, Kind]] = {
    SourceFormat.AWS_CUR2: _AWS,
    SourceFormat.AWS_CUR_LEGACY: _AWS,
    SourceFormat.AZURE_ACTUAL: _AZURE,
    SourceFormat.AZURE_AMORTIZED: _AZURE,
    SourceFormat.AZURE_ONLY_ACTUAL: _AZURE,
    SourceFormat.GCP_DETAILED: _GCP,
    SourceFormat.GCP_STANDARD: _GCP,
    SourceFormat.FOCUS: _FOCUS,
}
"""What a cell of each column must be. A column that the file lacks is not checked."""

_PLAN_ARN = "savings_plan_savings_plan_a_r_n"
_RESERVATION_ARN = "reservation_reservation_a_r_n"
NEEDS: dict[str, tuple[str, ...]] = {
    "SavingsPlanCoveredUsage": (_PLAN_ARN, "savings_plan_savings_plan_effective_cost"),
    "SavingsPlanRecurringFee": (
        _PLAN_ARN,
        "savings_plan_total_commitment_to_date",
        "savings_plan_used_commitment",
    ),
    "SavingsPlanUpfrontFee": (_PLAN_ARN,),
    "DiscountedUsage": (_RESERVATION_ARN, "reservation_effective_cost"),
    "RIFee": (
        _RESERVATION_ARN,
        "reservation_unused_amortized_upfront_fee_for_billing_period",
        "reservation_unused_recurring_fee",
    ),
}
"""Columns that a CUR must have, by the line type that has its amortised cost or its commitment in them."""
FILLED_FOR: dict[str, tuple[str, ...]] = {
    "SavingsPlanCoveredUsage": NEEDS["SavingsPlanCoveredUsage"],
    "DiscountedUsage": NEEDS["DiscountedUsage"],
}
"""Of these columns those that no such line may leave empty."""


def name_in(source_format: SourceFormat, column: str) -> str:
    """Return the name in the format's list of a column that the table names as CUR 2.0 does."""
    if source_format is not SourceFormat.AWS_CUR_LEGACY:
        return column
    return next((each.name for each in columns_of(source_format) if column in each.names), column)
