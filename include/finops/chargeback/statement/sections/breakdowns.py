"""The section's total split by one or two dimensions, a table for each."""

from __future__ import annotations

from finops.chargeback.statement import rounding
from finops.chargeback.statement.models import Breakdown, Line
from finops.chargeback.statement.scope import Cut, Scope
from finops.core.dimensions import UNALLOCATED

TAGS_MISSING = "Required tags missing"
PROVIDERS = Cut("provider", "Providers", ("Provider",), lambda c: (c.provider,))
_OWNERS = Cut("cost_center", "Cost centres", ("Cost centre",), lambda c: (c.cost_center,))
_CUTS = (
    PROVIDERS,
    Cut("service_category", "Service categories", ("Service category",), lambda c: (c.service_category,)),
    Cut("service", "Services", ("Service", "Category"), lambda c: (c.service_name, c.service_category), within=1),
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
    shown = cut.split(scope)
    permille = rounding.shares({key: figures.effective for key, figures in shown.items()}) if shown else {}
    # The remainder stands last, whatever its size: it is not a line like the others.
    order = sorted(shown, key=lambda key: (key == (UNALLOCATED,), -shown[key].effective, key))
    lines = tuple(Line(key, shown[key], permille[key]) for key in order)
    return Breakdown(cut.name, cut.title, cut.headings, lines, scope.total)
