"""Control totals by stage of what is published, beside what the ledger says has landed since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.core.errors import BadInput, NotReady
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores import published
from finops.stores.state import ledger, period_inputs
from finops.stores.state.store import open_state

STAGES = ("source", "landing", "focus", "daily", "chargeback", "allocated")
"""The stages a bill passes, in order; every published bill must have them all."""


@dataclass(frozen=True, slots=True)
class Line:
    """One (provider, billing period, currency): the billed cost at each stage, in that currency."""

    provider: str
    billing_period: str
    billing_currency: str
    stages: dict[str, Decimal]
    landed: Decimal | None
    """What the ledger holds, or None while a newer delivery waits to be built."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The stages that are not there."""
        return tuple(stage for stage in STAGES if stage not in self.stages)

    @property
    def difference(self) -> Decimal:
        """The largest difference between two of its amounts."""
        amounts = [*self.stages.values(), *([] if self.landed is None else [self.landed])]
        return max(amounts) - min(amounts) if amounts else Decimal(0)

    @property
    def is_reconciled(self) -> bool:
        """Whether every stage is there and all are equal."""
        return not self.missing and self.difference == 0


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The control totals of a publication, and the (provider, billing period) pairs landed but not published."""

    build_id: str | None
    lines: tuple[Line, ...]
    pending: tuple[tuple[str, str], ...]

    @property
    def is_reconciled(self) -> bool:
        """Whether every line is."""
        return all(line.is_reconciled for line in self.lines)


def reconcile(settings: Settings, periods: Sequence[BillingPeriod] = ()) -> Reconciliation:
    """Compare the stages of what is published. Empty ``periods``: all of them.

    Raise BadInput for a period of which nothing has landed, NotReady when nothing has landed at all.
    """
    with open_state(settings).connect() as connection:
        pending = {(i.provider, str(i.billing_period)) for i in period_inputs.pending(connection)}
        deliveries = ledger.current(connection)
    landed: dict[tuple[str, str, str], Decimal] = {}
    for delivery in deliveries:
        for total in delivery.totals:
            key = (delivery.provider, str(delivery.billing_period), total.billing_currency)
            landed[key] = landed.get(key, Decimal(0)) + total.billed_cost
    build_id, stages = _published_stages(settings)
    if not stages and not deliveries:
        raise NotReady("nothing has landed yet; run `finops ingest` first")
    # A bill that landed and counts as built must be published: without a stage it shows as missing them all.
    keys = set(stages) | {key for key in landed if key[:2] not in pending}
    lines = [Line(*key, stages.get(key, {}), None if key[:2] in pending else landed.get(key)) for key in sorted(keys)]
    return _of_periods(Reconciliation(build_id, tuple(lines), tuple(sorted(pending))), periods)


def _published_stages(settings: Settings) -> tuple[str | None, dict[tuple[str, str, str], dict[str, Decimal]]]:
    try:
        publication = published.latest(settings)
    except NotReady:
        return None, {}
    stages: dict[tuple[str, str, str], dict[str, Decimal]] = {}
    with publication.connect() as connection:
        query = "select provider, billing_period, billing_currency, stage, billed_cost from mart_reconciliation"
        for provider, period, currency, stage, amount in connection.execute(query).fetchall():
            stages.setdefault((provider, period, currency), {})[stage] = amount
    return publication.build_id, stages


def _of_periods(found: Reconciliation, periods: Sequence[BillingPeriod]) -> Reconciliation:
    known = sorted({line.billing_period for line in found.lines} | {period for _, period in found.pending})
    wanted = [str(period) for period in periods] or known
    for period in wanted:
        if period not in known:
            raise BadInput(f"nothing has landed for billing period {period}; there are {', '.join(known)}")
    lines = tuple(line for line in found.lines if line.billing_period in wanted)
    return Reconciliation(found.build_id, lines, tuple(pair for pair in found.pending if pair[1] in wanted))
