"""Deliveries that a person withdrew: the one before is current again, and nothing is deleted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from finops.core.errors import BadInput
from finops.stores.state import ledger, period_inputs
from finops.stores.state import tables as t
from finops.stores.state.ledger import Delivery

SHORTEST_ID = 6
"""How many characters of a delivery's id name it, at least."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Who withdrew a delivery, when and why. ``current_id``: what became current, None where nothing did.

    ``lifted_at``: when the same files were ingested again by force, and are current since.
    """

    delivery_id: str
    current_id: str | None
    withdrawn_by: str
    reason: str
    withdrawn_at: datetime
    lifted_at: datetime | None = None


def of(connection: Connection, delivery_ids: Collection[str]) -> dict[str, list[Withdrawal]]:
    """Return the withdrawals of these deliveries, the newest first."""
    w = t.delivery_withdrawals
    query = select(w).where(w.c.delivery_id.in_(delivery_ids)).order_by(w.c.withdrawal_id.desc())
    found: dict[str, list[Withdrawal]] = {}
    for row in connection.execute(query):
        withdrawal = Withdrawal(**{name: getattr(row, name) for name in Withdrawal.__slots__})
        found.setdefault(row.delivery_id, []).append(withdrawal)
    return found


def standing(connection: Connection, delivery_id: str) -> Withdrawal | None:
    """Return the withdrawal of a delivery that nobody has lifted."""
    return next((each for each in of(connection, [delivery_id]).get(delivery_id, []) if each.lifted_at is None), None)


def find(connection: Connection, text: str) -> Delivery:
    """Return the delivery whose id is, or begins with, this text. Raise BadInput where there is none, or several."""
    if len(text) < SHORTEST_ID:
        raise BadInput(f"{text!r} is too short for a delivery's id; give {SHORTEST_ID} characters of it or more")
    d = t.deliveries
    query = select(d).where(d.c.delivery_id.startswith(text.lower(), autoescape=True)).order_by(d.c.delivery_id)
    rows = connection.execute(query).all()
    if not rows:
        raise BadInput(f"there is no delivery {text}; `finops deliveries list` names them")
    if len(rows) > 1:
        raise BadInput(f"several deliveries begin with {text}: {', '.join(row.delivery_id for row in rows)}")
    return ledger.with_parts(connection, rows)[0]


def before(connection: Connection, delivery: Delivery) -> Delivery | None:
    """Return what would be current without this delivery: the newest other one that was not withdrawn, or None.

    Raise BadInput where the delivery cannot be withdrawn.
    """
    what = f"delivery {delivery.delivery_id} of {delivery.provider} {delivery.source} {delivery.billing_period}"
    if withdrawal := standing(connection, delivery.delivery_id):
        raise BadInput(f"{what} was withdrawn by {withdrawal.withdrawn_by} already: {withdrawal.reason}")
    current = ledger.current(connection, delivery.provider, delivery.billing_period)
    own = next((each for each in current if each.source == delivery.source), None)
    if own is None or own.delivery_id != delivery.delivery_id:
        now = "none is" if own is None else f"{own.delivery_id} is"
        raise BadInput(f"{what} is not current, {now}; only the current delivery of a source can be withdrawn")
    others = ledger.history(connection, delivery.provider, delivery.source, delivery.billing_period)
    usable = [
        each
        for each in others
        if each.delivery_id != delivery.delivery_id and standing(connection, each.delivery_id) is None
    ]
    if usable:
        return max(usable, key=lambda each: ledger.produced_at(connection, each.delivery_id) or each.produced_at)
    is_published = (delivery.provider, delivery.billing_period) in period_inputs.built(connection)
    if is_published and len(current) == 1:
        raise BadInput(
            f"{what} has none before it, and the month is published: without it there would be nothing to build the "
            "month from; ingest a corrected delivery, or an empty one with --accept-empty"
        )
    return None


def withdraw(connection: Connection, delivery: Delivery, *, by: str, why: str) -> Delivery | None:
    """Withdraw the current delivery of a source; return the one that is current again, if any. Errors as ``before``."""
    restored = before(connection, delivery)
    if restored is None:
        ledger.point_at_none(connection, delivery)
    else:
        ledger.point_at(connection, restored)
    values = {"delivery_id": delivery.delivery_id, "current_id": None if restored is None else restored.delivery_id}
    values |= {"withdrawn_by": by, "reason": why}
    connection.execute(insert(t.delivery_withdrawals).values(**values, withdrawn_at=datetime.now(UTC)))
    return restored
