"""What a cost centre is charged and why, from the published ``mart_allocated_costs``."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from finops.core.entry_kinds import MEANINGS
from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores import published


@dataclass(frozen=True, slots=True)
class AllocatedCost:
    """What a cost centre has of one bill: its direct cost over all services, or one entry of a rule."""

    cost_center: str
    billing_currency: str
    provider: str
    entry_kind: str
    rule_id: str
    rule_version: int
    counterpart: str
    share: Decimal | None
    weight: Decimal | None
    billed_cost: Decimal
    effective_cost: Decimal


def explain(settings: Settings, period: BillingPeriod, cost_center: str | None = None) -> list[AllocatedCost]:
    """Return a month's entries by cost centre and currency, direct cost first, or those of one cost centre.

    Raise NotReady when nothing is published, BadInput for a month or cost centre that there is not.
    """
    publication = published.latest(settings)
    query = """
        select cost_center, billing_currency, provider, entry_kind, rule_id, rule_version, counterpart, share, weight,
            sum(billed_cost), sum(effective_cost)
        from mart_allocated_costs where billing_period = ?
        group by all
    """
    with publication.connect() as connection:
        found = [AllocatedCost(*row) for row in connection.execute(query, [str(period)]).fetchall()]
    if not found:
        known = ", ".join(map(str, publication.billing_periods))
        raise BadInput(f"billing period {period} is not published; there are {known}")
    names = sorted({each.cost_center for each in found})
    if cost_center is not None and cost_center not in names:
        raise BadInput(f"no cost centre {cost_center!r} has anything in {period}; there are {', '.join(names)}")
    wanted = [each for each in found if cost_center in (None, each.cost_center)]
    order = list(MEANINGS)
    wanted.sort(key=lambda e: (e.cost_center, e.billing_currency, order.index(e.entry_kind), e.rule_id, e.provider))
    return wanted
