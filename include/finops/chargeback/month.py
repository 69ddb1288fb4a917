"""All that a month's statements and journal are made from: as published, or as it was frozen by its close."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from finops.chargeback.close import closed
from finops.chargeback.close.months import ClosedMonths, adjustments_shown_in
from finops.chargeback.statement.compose import compose
from finops.chargeback.statement.facts import (
    BILL,
    Adjustment,
    Charge,
    Closing,
    ControlTotal,
    DailyCost,
    DirectTotal,
    PublishedMonth,
)
from finops.chargeback.statement.models import Statement
from finops.chargeback.statement.proof import prove_month, prove_shared, prove_statements
from finops.chargeback.statement.read import read_month
from finops.core.dimensions import ABSENT
from finops.core.money import exact, exact_arithmetic, exact_sum
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import allocation, budgets, cost_centers, exchange_rates
from finops.stores.published import Publication
from finops.stores.state.closing import ClosedPeriod

logger = logging.getLogger(__name__)


def prepare(month: PublishedMonth) -> tuple[Statement, ...]:
    """Return the statements, the company's first. Raise Finding when anything does not tie out."""
    prove_month(month)
    return compose_proven(month)


def compose_proven(month: PublishedMonth) -> tuple[Statement, ...]:
    """Return the statements of a month whose bills tied out before, as a closed one's did. Raise like ``prepare``."""
    prove_shared(month)
    statements = compose(month)
    prove_statements(month, statements)
    return statements


def read(settings: Settings, publication: Publication, period: BillingPeriod, months: ClosedMonths) -> PublishedMonth:
    """Return all that an open month's statements are made from.

    A closed month before it is compared with as it was closed; what became of it since is an adjustment. Budgets are
    those of the build: others in ``budgets.yml`` are reported to the log. Raise BadInput for a month that is not
    published, Finding when a closed month's files were changed.
    """
    month = read_month(publication, period)
    month = replace(month, exchange=exchange_rates.load(settings, months, publication))
    if changed_budgets(settings, month):
        logger.warning("%s holds other budgets of %s than were built; run `finops build` for it", budgets.FILE, period)
    rules = allocation.load(settings)
    return replace(
        month,
        adjustments=adjustments_shown_in(settings, publication, period, months),
        previous_adjustments=_adjustments_of(settings, publication, period.previous, months),
        rule_titles={each.id: each.description for each in (*rules.pools, *rules.prices)},
        cost_centers=cost_centers.load(settings),
    )


def _adjustments_of(
    settings: Settings, publication: Publication, period: BillingPeriod, months: ClosedMonths
) -> tuple[Adjustment, ...]:
    """Return the adjustments that the statements of ``period`` show, as it was closed if it is."""
    if (record := months.get(period)) is not None:
        return closed.read_adjustments(settings, record)
    return adjustments_shown_in(settings, publication, period, months)


def changed_budgets(settings: Settings, month: PublishedMonth) -> bool:
    """Tell whether ``budgets.yml`` holds other budgets of an open month than its build had.

    Both in the reporting currency, if there is one. Raise BadInput when a budget's currency has no rate.
    """
    period, exchange = month.billing_period, month.exchange
    configured: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for each in budgets.load(settings, period):
        if exchange is None or each.currency == exchange.reporting_currency:
            configured[each.cost_center, each.currency].append(each.amount)
        else:
            # With the rate's twelve decimals, as the mart has it.
            rate = exact(exchange.rate(each.currency, period).rate)
            with exact_arithmetic():
                amount = exact(each.amount * rate)
            configured[each.cost_center, exchange.reporting_currency].append(amount)
    built = {(each.cost_center, each.billing_currency): each.budget for each in month.budgets}
    return {key: exact_sum(amounts) for key, amounts in configured.items()} != built


def read_closed(settings: Settings, month: ClosedPeriod) -> PublishedMonth:
    """Return a closed month's rows as they were frozen; what was restated since belongs to an open month's books.

    Raise Finding when the frozen file was changed.
    """
    charges = closed.read_charges(settings, month)
    # Which day a cost fell on was not frozen, and neither the entries nor statement.csv tell days apart.
    day = date(month.billing_period.year, month.billing_period.month, 1)
    daily = tuple(
        DailyCost(
            *(c.cost_center, c.provider, c.billing_currency, day, c.charge_category, ABSENT),
            *(c.effective_cost, c.billed_cost),
        )
        for c in charges
    )
    # The bills tied out when the month was closed: it would not be closed otherwise.
    billed: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for charge in charges:
        billed[charge.provider, charge.billing_currency].append(charge.billed_cost)
    totals = tuple(ControlTotal(*key, 1, BILL, len(of), exact_sum(of), None) for key, of in sorted(billed.items()))
    closing = Closing(month.closed_by, month.closed_at)
    adjusted, moved = closed.read_adjustments(settings, month), closed.read_entries(settings, month)
    found = PublishedMonth(month.build_id, month.billing_period, charges, None, daily, totals, adjusted, closing)
    named = closed.as_closed(settings, month, cost_centers.FILE)
    found = replace(found, cost_centers=cost_centers.load(named))
    return found if moved is None else replace(found, entries=moved, direct_totals=_direct_totals(charges))


def _direct_totals(charges: Sequence[Charge]) -> tuple[DirectTotal, ...]:
    """Return what ``mart_allocated_costs`` had of the charges, to which it was held when the month was closed."""
    groups: dict[tuple[str, str, str], list[Charge]] = defaultdict(list)
    for each in charges:
        groups[each.cost_center, each.provider, each.billing_currency].append(each)
    return tuple(
        DirectTotal(*key, exact_sum(c.effective_cost for c in of), exact_sum(c.billed_cost for c in of))
        for key, of in sorted(groups.items())
    )
