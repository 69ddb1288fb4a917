"""Which months are closed, and what closed months became since, as an open month's statements show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache

from sqlalchemy import Connection

from finops.chargeback.close import closed
from finops.chargeback.statement.adjustments import adjustments, shows_adjustments_of
from finops.chargeback.statement.facts import Adjustment, Origin
from finops.chargeback.statement.read import read_charges
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores import snapshots
from finops.stores.published import Publication
from finops.stores.state.closing import ClosedPeriod
from finops.stores.state.store import open_state

ClosedMonths = Mapping[BillingPeriod, ClosedPeriod]


def adjustments_shown_in(
    settings: Settings, publication: Publication, period: BillingPeriod, months: ClosedMonths
) -> tuple[Adjustment, ...]:
    """Return the changes of closed months that the statements of ``period`` show, in the order of their keys.

    Raise Finding when a closed month's files were changed.
    """
    available = publication.billing_periods
    mine = [each for each in months if shows_adjustments_of(each, available, months) == period]
    if not mine:
        return ()
    shown = [(record, a) for record in months.values() for a in closed.read_adjustments(settings, record)]
    found: list[Adjustment] = []
    with open_state(settings).connect() as connection:
        for each in mine:
            before = [(record, a) for record, a in shown if a.billing_period == each]
            since = max([months[each].closed_at, *(record.closed_at for record, _ in before)])
            found += adjustments(
                each,
                closed.read_charges(settings, months[each]),
                read_charges(publication, each),
                [a for _, a in before],
                _origins(connection, months[each], since),
            )
    return tuple(sorted(found, key=lambda each: each.key))


def _origins(connection: Connection, month: ClosedPeriod, since: datetime) -> Callable[[str], Origin]:
    """Return the function from provider to origin: the snapshots of the closed month that came after ``since``."""
    found = [each for each in snapshots.of_period(connection, month.billing_period) if each.published_at > since]

    @cache
    def origin_of(provider: str) -> Origin:
        lines = tuple(
            f"build {each.build_id}, loaded {snapshots.written(each.published_at)}, from "
            + (", ".join(f"delivery {d.delivery_id[:12]} of {d.source}" for d in each.deliveries) or "no delivery")
            for each in found
            if each.provider == provider
        )
        return Origin(month.statements_digest, lines)

    return origin_of
