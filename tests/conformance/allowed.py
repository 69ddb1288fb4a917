"""Rules of the validator that test something else than the specification says, and what it says.

Nothing but these may fail. Each is judged by us instead, on the same file, by its own words.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True, slots=True)
class Allowed:
    """Why a failure says nothing, and the rows that do break the rule. No ``breach``: columns cannot tell."""

    reason: str
    breach: str | None


_NO_CONDITION = (
    "its condition is an AND without a CheckFunction, the only one in the model with its neighbour, and the validator"
    " drops it: -003 then wants null in every row and -004 in none, so that no file meets both"
)

_ALL_OR_NONE = (
    "«when the charge is (not) associated with an invoice» is tested without a condition, and the two are joined by OR:"
    " a month passes only if every charge has an InvoiceId or none has, so never while a part of it is invoiced"
)

ALLOWED = {
    "CommitmentDiscountStatus-C-004-C": Allowed(
        "the rule says «when CommitmentDiscountId is not null», its condition tests for null:"
        " it fires on every charge without a commitment",
        "CommitmentDiscountId is not null and ChargeCategory = 'Usage' and CommitmentDiscountStatus is null",
    ),
    "BilledCost-C-005-C": Allowed(
        "«payments received by a third party» is tested as ProviderName <> InvoiceIssuerName:"
        " it fires on every invoice whose issuer is a legal entity with a name of its own",
        None,
    ),
    "CapacityReservationStatus-C-003-C": Allowed(
        _NO_CONDITION, "CapacityReservationId is null and CapacityReservationStatus is not null"
    ),
    "CapacityReservationStatus-C-004-C": Allowed(
        _NO_CONDITION,
        "CapacityReservationId is not null and ChargeCategory = 'Usage' and CapacityReservationStatus is null",
    ),
    "InvoiceId-C-004-C": Allowed(_ALL_OR_NONE, None),
    "InvoiceId-C-005-C": Allowed(_ALL_OR_NONE, None),
    "EffectiveCost-C-005-C": Allowed(
        "the rule is for purchases «intended to cover future eligible charges», its condition is every purchase:"
        " it fires on a subscription whose cost no usage will ever carry",
        "ChargeCategory = 'Purchase' and CommitmentDiscountId is not null and EffectiveCost <> 0",
    ),
}


def breaches(parquet: Path) -> dict[str, int]:
    """Return, by rule, how many charges of a FOCUS export break it as the specification words it; none where none."""
    held = {rule: allowed.breach for rule, allowed in ALLOWED.items() if allowed.breach is not None}
    counts = ", ".join(f"count(*) filter (where {breach})" for breach in held.values())
    with duckdb.connect() as connection:
        found = connection.execute(f"select {counts} from read_parquet(?)", [str(parquet)]).fetchall()[0]
    return {rule: count for rule, count in zip(held, found, strict=True) if count}
