"""What rose and fell most against last month, by provider, service and AI model: parts of the services' lines."""

from __future__ import annotations

from collections.abc import Mapping

from finops.chargeback.statement.models import Movement, Shown, Variance
from finops.chargeback.statement.scope import Cut, Key, Scope
from finops.chargeback.statement.sections.breakdowns import SERVICES

# The category comes last: a service's series are parts of its line among the services, which has its category.
_SERIES = Cut(
    "variance",
    "Variance",
    ("Provider", "Service", "AI model", "Category"),
    lambda c: (c.provider, c.service_name, c.ai_model, c.service_category),
    within=SERVICES,
)
Ranked = tuple[tuple[Variance, ...], tuple[Variance, ...]]


def of(scope: Scope) -> Ranked:
    """Return the largest rises and the largest falls. Empty when last month is not published."""
    return largest(_SERIES.split(scope))


def largest(shown: Mapping[Key, Shown], count: int = 5) -> Ranked:
    """Return the ``count`` largest rises and the ``count`` largest falls, largest first, by amount.

    Series that stayed equal to the cent are in neither.
    """
    changed = [(series, figures) for series, figures in shown.items() if figures.change]
    changed.sort(key=lambda each: (-abs(each[1].change or 0), each[0]))
    rises = [_variance(*each) for each in changed if (each[1].change or 0) > 0]
    falls = [_variance(*each) for each in changed if (each[1].change or 0) < 0]
    return tuple(rises[:count]), tuple(falls[:count])


def _variance(series: Key, shown: Shown) -> Variance:
    movement = Movement.CHANGED
    if not shown.previous:
        movement = Movement.NEW
    elif not shown.effective:
        movement = Movement.GONE
    provider, service_name, ai_model, *_ = series
    return Variance(provider, service_name, ai_model, shown, movement)
