"""What rose and fell most against last month."""

from __future__ import annotations

from collections.abc import Mapping

from finops.chargeback.statement.models import Movement, Mover, Shown

Series = tuple[str, ...]
"""Provider, service name and AI model."""


def movers(shown: Mapping[Series, Shown], count: int = 5) -> tuple[tuple[Mover, ...], tuple[Mover, ...]]:
    """Return the ``count`` largest rises and the ``count`` largest falls, largest first, by amount.

    Series that stayed equal to the cent are no movers. Empty when last month is not published.
    """
    changed = [(series, figures) for series, figures in shown.items() if figures.change]
    changed.sort(key=lambda each: (-abs(each[1].change or 0), each[0]))
    up = [_mover(*each) for each in changed if (each[1].change or 0) > 0]
    down = [_mover(*each) for each in changed if (each[1].change or 0) < 0]
    return tuple(up[:count]), tuple(down[:count])


def _mover(series: Series, shown: Shown) -> Mover:
    movement = Movement.CHANGED
    if not shown.previous:
        movement = Movement.NEW
    elif not shown.effective:
        movement = Movement.GONE
    provider, service_name, ai_model = series
    return Mover(provider, service_name, ai_model, shown, movement)
