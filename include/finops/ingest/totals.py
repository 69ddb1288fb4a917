"""SQL for each format's period, currency, billing account and two control totals.

The arithmetic is that of ``finops.core.money``: each amount becomes a decimal once, on its line, and only decimals
are added. Staging uses the same expressions, so both totals are equal to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass

from finops.core.formats import SourceFormat
from finops.core.money import SQL_TYPE
from finops.core.sql import identifier
from finops.ingest.reading import Table


@dataclass(frozen=True, slots=True)
class Measures:
    """SQL expressions over one row of a file. Amounts are in ``currency``; ``period`` is text, YYYY-MM, UTC.

    ``cost_columns``: the file's cost columns; every row must have an amount in at least one of them.
    """

    period: str
    currency: str
    account: str
    source_cost: str
    billed_cost: str
    cost_columns: tuple[str, ...]


SHIFT = "interval 14 hours"
"""East of Greenwich a month starts up to 14 hours before that of UTC: what starts within them is the month to come."""

_PAID_BY_COMMITMENT = "('usage', 'unusedreservation', 'unusedsavingsplan', 'purchase', 'refund')"
"""Charge types that Azure does not invoice where a reservation or savings plan priced them: its fee pays them."""


@dataclass(frozen=True, slots=True)
class _File:
    columns: dict[str, str]
    table: Table

    def column(self, name: str) -> str:
        return identifier(self.columns[name])

    def amount(self, name: str) -> str:
        return money(self.column(name), self.table.types[self.columns[name]])

    def month(self, name: str) -> str:
        """Return the billing month, YYYY-MM, of the time at which it starts or of its text."""
        return f"strftime({time_of(self.column(name), self.table.types[self.columns[name]])} + {SHIFT}, '%Y-%m')"

    def account(self, name: str) -> str:
        """Return an account id as text."""
        return f"cast({self.column(name)} as varchar)"


def measures_of(source_format: SourceFormat, columns: dict[str, str], table: Table) -> Measures:
    """Return the expressions for a file of this format; ``columns`` maps the format's names to the file's."""
    file = _File(columns, table)
    match source_format:
        case SourceFormat.AWS_CUR2:
            return _aws(
                file,
                "bill_billing_period_start_date",
                "line_item_currency_code",
                "bill_payer_account_id",
                ("line_item_net_unblended_cost", "line_item_unblended_cost"),
            )
        case SourceFormat.AWS_CUR_LEGACY:
            return _aws(
                file,
                "bill/BillingPeriodStartDate",
                "lineItem/CurrencyCode",
                "bill/PayerAccountId",
                ("lineItem/NetUnblendedCost", "lineItem/UnblendedCost"),
            )
        case SourceFormat.AZURE_ACTUAL | SourceFormat.AZURE_AMORTIZED:
            return _azure(file, is_actual=source_format is SourceFormat.AZURE_ACTUAL)
        case SourceFormat.GCP_DETAILED | SourceFormat.GCP_STANDARD:
            return _gcp(file)
        case SourceFormat.FOCUS:
            cost = file.amount("BilledCost")
            period = file.month("BillingPeriodStart")
            account = file.account("BillingAccountId")
            return Measures(period, file.column("BillingCurrency"), account, cost, cost, (columns["BilledCost"],))


def money(expression: str, duckdb_type: str) -> str:
    """Return the SQL of an amount at the platform's scale, NULL when the value is not an amount.

    A double below 4096 keeps twelve decimals in a direct cast. A larger one would show its binary tail, so it is
    cast through its shortest text.
    """
    if duckdb_type in ("DOUBLE", "FLOAT"):
        direct = f"try_cast({expression} as {SQL_TYPE})"
        through_text = f"try_cast(cast({expression} as varchar) as {SQL_TYPE})"
        return f"case when abs({expression}) < 4096 then {direct} else {through_text} end"
    return f"try_cast({expression} as {SQL_TYPE})"


_OTHER_TIMES = "['%m/%d/%Y', '%m/%d/%Y %H:%M:%S', '%Y%m%d']"


def time_of(expression: str, duckdb_type: str) -> str:
    """Return the SQL of a time, or of its text (ISO or Azure's MM/DD/YYYY), in UTC; NULL when it is not a time.

    Staging's macro ``moment_of`` reads the same texts, and fails for any other.
    """
    if duckdb_type == "DATE" or (duckdb_type.startswith("TIMESTAMP") and "ZONE" not in duckdb_type):
        return f"try_cast({expression} as timestamp)"
    zoned = f"try_cast({expression} as timestamptz)::timestamp"
    if duckdb_type != "VARCHAR":
        return zoned
    # Nearly all texts end with a Z; skipping the time zones there costs a third.
    return (
        f"case when ends_with({expression}, 'Z') then try_cast({expression} as timestamp) "
        f"when substr({expression}, 5, 1) = '-' then {zoned} "
        f"else coalesce(try_strptime({expression}, {_OTHER_TIMES}), {zoned}) end"
    )


def _aws(file: _File, period: str, currency: str, account: str, costs: tuple[str, str]) -> Measures:
    present = [name for name in costs if name in file.columns]
    cost = f"coalesce({', '.join(file.amount(name) for name in present)})"
    payer = file.account(account)
    is_shortened = f"length({payer}) < 12 and regexp_full_match({payer}, '[0-9]+')"
    return Measures(
        period=file.month(period),
        currency=file.column(currency),
        # As staging's macro `aws_account_id` has it.
        account=f"case when {is_shortened} then lpad({payer}, 12, '0') else {payer} end",
        source_cost=cost,
        billed_cost=cost,
        cost_columns=tuple(file.columns[name] for name in present),
    )


def _azure(file: _File, *, is_actual: bool) -> Measures:
    cost = file.amount("CostInBillingCurrency")
    # A pay-as-you-go export has neither: no commitment priced its rows, and all are usage.
    model = file.column("PricingModel") if "PricingModel" in file.columns else "''"
    charge = file.column("ChargeType") if "ChargeType" in file.columns else "'Usage'"
    is_committed = f"coalesce({is_committed_price(model)}, false)"
    is_fee = f"coalesce(lower({charge}) in ('purchase', 'refund'), false)"
    # Tax and rounding are always invoiced, whatever priced the usage.
    is_paid = f"{is_committed} and coalesce(lower({charge}) in {_PAID_BY_COMMITMENT}, false)"
    is_billed = f"{is_committed} and {is_fee}" if is_actual else f"not ({is_paid})"
    return Measures(
        period=file.month("BillingPeriodStartDate" if "BillingPeriodStartDate" in file.columns else "Date"),
        currency=file.column("BillingCurrency"),
        account=file.account("BillingAccountId" if "BillingAccountId" in file.columns else "SubscriptionId"),
        source_cost=cost,
        billed_cost=f"case when {is_billed} then {cost} else 0 end",
        cost_columns=(file.columns["CostInBillingCurrency"],),
    )


def is_committed_price(pricing_model: str) -> str:
    """Return the SQL that tells whether a reservation or savings plan priced an Azure row."""
    return f"lower(replace({pricing_model}, ' ', '')) in ('reservation', 'savingsplan')"


def _gcp(file: _File) -> Measures:
    invoice_month = f"{file.column('invoice')}.month"
    credit = money("c.amount", "DOUBLE")
    # A scalar sum over the row's own list: a join would repeat the row's cost for each credit.
    credit_sum = f"coalesce(list_sum(list_transform({file.column('credits')}, lambda c: {credit})), 0)"
    cost = f"({file.amount('cost')} + cast({credit_sum} as {SQL_TYPE}))"
    return Measures(
        period=f"case when regexp_full_match({invoice_month}, '[0-9]{{6}}') "
        f"then {invoice_month}[:4] || '-' || {invoice_month}[5:] end",
        currency=file.column("currency"),
        account=file.account("billing_account_id"),
        source_cost=cost,
        billed_cost=cost,
        cost_columns=(file.columns["cost"],),
    )
