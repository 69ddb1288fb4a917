"""What finance has settled: closed months, and invoice differences that somebody has signed for. Both are final."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, select

from finops.core.periods import BillingPeriod
from finops.stores.state import tables as t

RULES = "rules"
"""The folder, in a closed month's own, of the configuration it was closed with."""


@dataclass(frozen=True, slots=True)
class InvoiceKey:
    """Which invoice is meant, as its entry in ``invoices.yml`` names it; empty where that names nothing."""

    billing_period: BillingPeriod
    issuer: str
    invoice_id: str
    billing_account_id: str
    billing_currency: str


@dataclass(frozen=True, slots=True)
class SignOff:
    """Somebody answers for an unexplained ``residue`` of an invoice, in its currency; for no other amount."""

    key: InvoiceKey
    residue: Decimal
    signed_by: str
    reason: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class LockedRate:
    """One unit of ``source_currency`` is ``rate`` of ``target_currency``, for one closed month and for good."""

    source_currency: str
    target_currency: str
    rate: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class ClosedPeriod:
    """A month whose statements are final. ``frozen`` gives the sha256 of each file that holds its rows and rules."""

    billing_period: BillingPeriod
    closed_at: datetime
    closed_by: str
    build_id: str
    statements_digest: str
    frozen: Mapping[str, str]
    rates: tuple[LockedRate, ...]

    @property
    def rules(self) -> dict[str, str]:
        """The sha256 of each configuration file it was closed with; none where the close was before they were kept."""
        prefix = f"{RULES}/"
        return {name.removeprefix(prefix): of for name, of in sorted(self.frozen.items()) if name.startswith(prefix)}


def record_sign_off(connection: Connection, sign_off: SignOff) -> None:
    """Write it down."""
    values = asdict(sign_off)
    values |= values.pop("key") | {"billing_period": str(sign_off.key.billing_period)}
    connection.execute(insert(t.invoice_sign_offs).values(values))


def sign_offs(connection: Connection) -> list[SignOff]:
    """Return all of them, oldest first."""
    rows = connection.execute(select(t.invoice_sign_offs).order_by(t.invoice_sign_offs.c.sign_off_id))
    return [_sign_off(dict(row._mapping)) for row in rows]


def _sign_off(found: dict[str, Any]) -> SignOff:
    found.pop("sign_off_id")
    found["billing_period"] = BillingPeriod.parse(found["billing_period"])
    key = InvoiceKey(**{name: found.pop(name) for name in InvoiceKey.__slots__})
    return SignOff(key, **found)


def record_closed(connection: Connection, closed: ClosedPeriod) -> None:
    """Close a month. A month is closed once: a second row of it breaks the table's key."""
    connection.execute(insert(t.closed_periods).values(_values(closed)))


def to_json(closed: ClosedPeriod) -> str:
    """Return the record as text, which ``from_json`` reads back."""
    return json.dumps(_values(closed) | {"closed_at": closed.closed_at.isoformat()}, indent=1, ensure_ascii=False)


def from_json(text: str) -> ClosedPeriod:
    """Return the record that a text of ``to_json`` holds. Raise ValueError, TypeError or KeyError for another text."""
    values = json.loads(text)
    return _closed_period(values | {"closed_at": datetime.fromisoformat(values["closed_at"])})


def _values(closed: ClosedPeriod) -> dict[str, Any]:
    # As text: a number of JSON is a binary double to most who read it.
    rates = [
        {"from": each.source_currency, "to": each.target_currency, "rate": f"{each.rate:f}", "source": each.source}
        for each in closed.rates
    ]
    values = {name: getattr(closed, name) for name in ClosedPeriod.__slots__}
    return values | {"billing_period": str(closed.billing_period), "frozen": dict(closed.frozen), "rates": rates}


def _closed_period(values: Mapping[str, Any]) -> ClosedPeriod:
    period = BillingPeriod.parse(values["billing_period"])
    rates = tuple(LockedRate(r["from"], r["to"], Decimal(r["rate"]), r["source"]) for r in values["rates"])
    return ClosedPeriod(**{**values, "billing_period": period, "rates": rates})


def closed_periods(connection: Connection) -> dict[BillingPeriod, ClosedPeriod]:
    """Return the closed months, in their order."""
    rows = connection.execute(select(t.closed_periods).order_by(t.closed_periods.c.billing_period))
    found = (_closed_period(dict(row._mapping)) for row in rows)
    return {each.billing_period: each for each in found}
