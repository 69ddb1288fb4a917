"""What matters this week, in a few sentences."""

from __future__ import annotations

from decimal import Decimal

from finops.pages import wording
from finops.review import words
from finops.review.catalogue import CATALOGUE
from finops.review.models import Kpi, Review, Standing


def sentences(review: Review) -> list[str]:
    """Return what to know before anything else: missed targets, the largest change, what is unknown or not final."""
    out = missed(review)
    found = [_targets(review, out), _furthest(review, out), _largest_change(review), _unknown(review), _behind(review)]
    return [each for each in found if each]


def missed(review: Review) -> list[Kpi]:
    """Return the KPIs that miss their target, the one that is furthest from it first."""
    return sorted(review.with_standing(Standing.MISSED), key=_distance, reverse=True)


def _distance(kpi: Kpi) -> Decimal:
    now = kpi.about
    if now.value is None or now.target is None:
        return Decimal(0)
    return abs(now.value - now.target) / (abs(now.target) or Decimal(1))


def _targets(review: Review, out: list[Kpi]) -> str:
    met = len(review.with_standing(Standing.MET))
    if not met + len(out):
        return "No KPI of this week has a target."
    if not out:
        return f"All {met} KPIs with a target meet it." if met > 1 else "The one KPI with a target meets it."
    misses = "misses it" if len(out) == 1 else "miss it"
    return f"{len(out)} of {met + len(out)} KPIs with a target {misses}."


def _furthest(review: Review, out: list[Kpi]) -> str:
    """Name those that miss their target, the furthest from it first."""
    named = [
        f"{_called(kpi, review)}, {words.value(kpi.about.value, kpi.about)} (target: {words.short_target(kpi.about)})"
        for kpi in out
    ]
    lead = "Furthest from their targets" if len(out) > 3 else "Missed"
    return f"{lead}: {words.listed(named, separator='; ')}." if named else ""


def _size_of_change(kpi: Kpi) -> Decimal:
    """Return how large a change is beside those of other KPIs: points of a hundred, or a part of the value before."""
    now = kpi.now
    if now is None or now.change is None:
        return Decimal(0)
    return abs(now.change / 100 if now.unit == words.PERCENT else now.relative_change or Decimal(0))


def _largest_change(review: Review) -> str:
    kpi = max(review.kpis, key=_size_of_change, default=None)
    if kpi is None or not _size_of_change(kpi):
        return ""
    now = kpi.about
    verb = "rose" if (now.change or 0) > 0 else "fell"
    part = words.relative(now).strip(" ()").lstrip("+" + wording.MINUS)
    much = f" {part}" if part.startswith("more") else f" by {part}" if part else ""
    for_the = "for the better" if now.is_better else "for the worse"
    before, after = words.number(now.previous_value or Decimal(0), now), words.value(now.value, now)
    by = CATALOGUE[now.kpi].by if now.kpi in CATALOGUE else ""
    first = f", above all through {words.subject(now.reasons[0], by)}" if now.reasons else ""
    return f"The largest change, {for_the}: {_called(kpi, review)} {verb}{much}, from {before} to {after}{first}."


def _unknown(review: Review) -> str:
    names = [_called(kpi, review) for kpi in review.with_standing(Standing.UNKNOWN)]
    names += [CATALOGUE[each].name for each in review.unknown]
    if not names:
        return ""
    are, they = ("KPI is", "it is") if len(names) == 1 else ("KPIs are", "they are")
    return f"{len(names)} {are} unknown, because nothing was measured of what {they} made of: {words.listed(names)}."


def _behind(review: Review) -> str:
    if review.is_whole:
        return ""
    named = [f"{wording.name(each.provider)} up to {wording.day(each.newest_day)}" for each in review.behind]
    return f"The week is not whole: there are bills of {words.listed(named)}. Figures will still change."


def _called(kpi: Kpi, review: Review) -> str:
    return words.called(kpi, with_currency=len(review.currencies) > 1)
