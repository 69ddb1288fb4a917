"""What prices and commitments saved on usage, as ``mart_savings`` has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from finops.chargeback.statement import rounding
from finops.chargeback.statement.models import Section
from finops.chargeback.statement.scope import Scope, sums
from finops.core.money import exact_sum, rounded
from finops.pages.figures import Cell, Row, Table

_MEASURES = ("list_cost", "contracted_cost", "effective_cost")


def tables(scope: Scope, section: Section) -> Iterator[Table]:
    """Yield the savings by provider, of those that give list prices."""
    digits = section.digits
    mine = [
        each
        for each in scope.month.savings
        if each.billing_currency == scope.currency and scope.owner in (None, each.cost_center)
    ]
    exact = {measure: sums(mine, lambda each: (each.provider,), measure) for measure in _MEASURES}
    # A provider without prices (an enrolment, say) has no list cost: nothing can be said of its savings.
    known = sorted(key for key, amount in exact["list_cost"].items() if amount > 0)
    if not known:
        return
    exact = {measure: {key: found[key] for key in known} for measure, found in exact.items()}
    totals = {measure: rounded(exact_sum(found.values()), digits) for measure, found in exact.items()}
    shown = {m: rounding.apportion_amounts(found, totals[m], digits) for m, found in exact.items()}

    def row(label: str, figures: Mapping[str, int]) -> Row:
        listed, contracted, effective = (figures[measure] for measure in _MEASURES)
        saved = (Cell.signed(units, digits) for units in (contracted - effective, listed - contracted))
        return Row(label, (*saved, *(Cell.money(units, digits) for units in (listed, contracted, effective))))

    yield Table(
        "savings",
        "Saved by commitments and prices",
        "usage only: by commitments = ContractedCost − EffectiveCost, unused ones taken off; by prices = ListCost − "
        "ContractedCost",
        ("Provider", "By commitments", "By prices", "List", "Contracted", "Effective"),
        tuple(row(key[0], {m: shown[m][key] for m in _MEASURES}) for key in known),
        row("Total", totals),
    )
