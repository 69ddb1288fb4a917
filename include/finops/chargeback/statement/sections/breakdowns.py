"""The section's total split by one or two dimensions, a table for each."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from finops.chargeback.statement import rounding
from finops.chargeback.statement.models import ROUNDING, Breakdown, Line, Shown
from finops.chargeback.statement.scope import Cut, Key, Scope, sums
from finops.core.dimensions import UNALLOCATED
from finops.core.money import rounded

TAGS_MISSING = "Required tags missing"
PROVIDERS = Cut("provider", "Providers", ("Provider",), lambda c: (c.provider,))
_OWNERS = Cut("cost_center", "Cost centres", ("Cost centre",), lambda c: (c.cost_center,))
_CATEGORIES = Cut("service_category", "Service categories", ("Service category",), lambda c: (c.service_category,))
SERVICES = Cut(
    "service",
    "Services",
    ("Service", "Category"),
    lambda c: (c.service_name, c.service_category),
    within=_CATEGORIES,
)
_CUTS = (
    PROVIDERS,
    _CATEGORIES,
    SERVICES,
    Cut("charge_category", "Kinds of charge", ("Kind of charge",), lambda c: (c.charge_category,)),
    Cut("ai_model", "AI models", ("AI model",), lambda c: (c.ai_model,)),
    Cut("ai_stage", "AI stages", ("Stage",), lambda c: (c.ai_stage,)),
    Cut(
        "tags",
        "Tagging",
        ("Required tags",),
        lambda c: ("All required tags present" if c.has_required_tags else TAGS_MISSING,),
    ),
)
_LAST = ((UNALLOCATED,), (ROUNDING,))
_UNALLOCATED_SERVICES = Cut(
    "unallocated", "What is not allocated", ("Service", "Provider"), lambda c: (c.service_name, c.provider)
)


def of(scope: Scope) -> tuple[Breakdown, ...]:
    """Return the breakdowns; the whole company's begin with cost centres and end with what is not allocated."""
    found = [_breakdown(cut, scope) for cut in _CUTS]
    if scope.owner is None:
        found.insert(0, _breakdown(_OWNERS, scope))
        unallocated = line_of(found[0], UNALLOCATED)
        if unallocated is not None:
            found.append(_breakdown(_UNALLOCATED_SERVICES, scope.of_owner(UNALLOCATED, unallocated.shown)))
    return tuple(found)


def line_of(breakdown: Breakdown, label: str) -> Line | None:
    """Return the line with this label, if there is one."""
    return next((line for line in breakdown.lines if line.labels == (label,)), None)


def _breakdown(cut: Cut, scope: Scope) -> Breakdown:
    shown = _own_cents(cut, scope) if cut is PROVIDERS and scope.owner is None else cut.split(scope)
    permille = rounding.shares({key: figures.effective for key, figures in shown.items()}) if shown else {}
    # The remainder stands last, whatever its size: it is not a line like the others.
    order = sorted(shown, key=lambda key: (key in _LAST, -shown[key].effective, key))
    lines = tuple(Line(key, shown[key], permille[key]) for key in order)
    return Breakdown(cut.name, cut.title, cut.headings, lines, scope.total)


def _own_cents(cut: Cut, scope: Scope) -> dict[Key, Shown]:
    """Return the lines rounded on their own, as each bill says it, and what is left to the total as a line."""
    effective, billed = (sums(scope.charges, cut.key, measure) for measure in ("effective_cost", "billed_cost"))
    previous = {} if scope.previous is None else sums(scope.previous, cut.key, "effective_cost")

    def cents(amounts: Mapping[Key, Decimal], key: Key) -> int:
        return rounded(amounts.get(key, Decimal(0)), scope.digits)

    is_compared = scope.total.previous is not None
    shown = {
        key: Shown(cents(effective, key), cents(billed, key), cents(previous, key) if is_compared else None)
        for key in sorted({*effective, *previous})
    }
    rest = Shown(
        scope.total.effective - sum(each.effective for each in shown.values()),
        scope.total.billed - sum(each.billed for each in shown.values()),
        None if scope.total.previous is None else scope.total.previous - sum(e.previous or 0 for e in shown.values()),
    )
    return shown | ({(ROUNDING,): rest} if rest.effective or rest.billed or rest.previous else {})
