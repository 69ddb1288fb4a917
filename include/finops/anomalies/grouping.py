"""Group episodes of several levels and rules by their shared cause: the most specific one that explains them leads.

The finest levels come first. An episode whose excess is, to a share of ``EXPLAINED``, that of charges which incidents
before it already are about, is one of theirs: a rise of a provider is the rise of one of its workloads. What is left
unexplained is an incident of its own. A change of a list price explains what begins with it in the same service.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from finops.anomalies.episodes import usual
from finops.anomalies.models import DETECTOR, Episode, Group, Kind
from finops.anomalies.series import Cube

if TYPE_CHECKING:
    import numpy as np

EXPLAINED = 0.8
_PRICE_DAYS = 5
"""So many days after a new price the detector may see it."""


def grouped(episodes: Iterable[Episode], cube: Cube) -> list[Group]:
    """Return the incidents, in the order of their first days."""
    leads: list[Episode] = []
    others: dict[int, list[Episode]] = {}
    for each in sorted(episodes, key=_order):
        place = _explaining(each, leads, cube)
        if place is None:
            leads.append(each)
        else:
            others.setdefault(place, []).append(each)
    found = [Group(lead, tuple(others.get(place, ()))) for place, lead in enumerate(leads)]
    return sorted(found, key=lambda group: (group.lead.first, group.lead.key.ident, group.lead.source))


def _order(episode: Episode) -> tuple[bool, bool, int, bool, float, str]:
    """Prices first, then the detector's, the finest level first, and of one level the largest."""
    return (
        episode.kind is not Kind.PRICE,
        episode.source != DETECTOR,
        -len(episode.key.values),
        episode.first_hour is not None,
        -abs(episode.excess),
        episode.key.ident,
    )


def _explaining(episode: Episode, leads: Sequence[Episode], cube: Cube) -> int | None:
    """Return the place of the incident that an episode belongs to: of several that together explain it, the largest."""
    near = [at for at, lead in enumerate(leads) if _may_explain(lead, episode)]
    same = [at for at in near if leads[at].kind is not Kind.PRICE and leads[at].key.ident == episode.key.ident]
    if same:
        return same[0]
    rows = cube.mask(episode.key)
    parts = {
        at: rows & cube.mask(leads[at].key)
        for at in near
        if leads[at].source == DETECTOR or leads[at].kind is Kind.PRICE
    }
    excesses = {at: _excess(episode, cube.daily(part), cube) for at, part in parts.items() if part.any()}
    # What begins in the same service may still be larger than what the new price explains.
    prices = [at for at in excesses if leads[at].kind is Kind.PRICE]
    fitting = [at for at in excesses if at not in prices or abs(excesses[at]) <= 1.25 * abs(leads[at].excess)]
    whole = _excess(episode, cube.daily(rows), cube)
    if not fitting or not whole:
        return None
    union = rows & False
    for at in fitting:
        union = union | parts[at]
    if _excess(episode, cube.daily(union), cube) / whole < EXPLAINED:
        return None
    return max(fitting, key=lambda at: abs(excesses[at]))


def _may_explain(lead: Episode, episode: Episode) -> bool:
    """Tell whether the two have days in common and the same direction; a new price explains what begins with it.

    What one detector saw of one series as two is two.
    """
    is_alike = (lead.excess > 0) == (episode.excess > 0) and lead.key.currency == episode.key.currency
    if lead.kind is Kind.PRICE:
        begins = lead.first - timedelta(days=1) <= episode.first <= lead.first + timedelta(days=_PRICE_DAYS)
        return is_alike and begins and episode.kind is not Kind.PRICE
    if lead.key.ident == episode.key.ident and lead.source == episode.source and lead.first_hour is episode.first_hour:
        return False
    return is_alike and lead.meets(episode)


def _excess(episode: Episode, costs: np.ndarray, cube: Cube) -> float:
    """Return what charges cost on an episode's days above what is usual of them by the days before."""
    start = (episode.first - cube.first).days
    last = min((episode.last - cube.first).days, cube.length - 1)
    days = range(start, last + 1)
    return float(costs[start : last + 1].sum() - usual(costs, start, days).sum())
