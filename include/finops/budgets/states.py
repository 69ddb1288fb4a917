"""What happens to a budget's thresholds from one evaluation to the next: reached, worse, left behind. Pure.

A threshold is told once when it is reached. Of those that are reached at once the worst is told, and names the others.
One that is left behind is told too, and ends the event that told it; were it reached again in the same period, that
would be told as a new occurrence. The same evaluation once more changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from finops.budgets import told
from finops.budgets.models import Evaluation
from finops.core.events import Event, Severity
from finops.policy.budgets import Measure, Threshold
from finops.stores.state.budget_states import BudgetState

Change = tuple[list[BudgetState], list[Event]]


def transition(before: Mapping[str, BudgetState], now: Evaluation, at: datetime) -> Change:
    """Return the states that change and the events that tell it, given what was known of one budget and period.

    ``before`` is by threshold. Where nothing is measured, nothing changes.
    """
    if now.actual is None:
        return [], []
    left = _left_behind(before, now)
    reached = _newly_reached(before, now)
    states = [replace(before[each], is_reached=False, changed_at=at) for each in left]
    still = [Threshold.parse(name) for name, each in before.items() if each.is_reached and name not in left]
    events = _of_left(before, left, sorted([*still, *reached], key=rank), now)
    if not reached:
        return states, events
    worst = max(reached, key=rank)
    is_news = not still or rank(worst)[0] == Severity.CRITICAL.rank or max(map(rank, still))[0] < 2
    occurrence = {each: before[str(each)].occurrence + 1 if str(each) in before else 1 for each in reached}
    key = told.key_of(now, worst, occurrence[worst])
    for each in reached:
        states.append(
            BudgetState(
                budget=now.line.id,
                period_first=now.span.first,
                threshold=str(each),
                period_last=now.span.last,
                is_reached=True,
                occurrence=occurrence[each],
                told_key=key if each == worst and is_news else "",
                limit_amount=now.limit,
                value=now.actual,
                changed_at=at,
            )
        )
    if is_news:
        also = sorted((each for each in reached if each != worst), key=rank)
        events.append(told.reached(now, worst, key, severity(worst), also, sorted(still, key=rank)))
    return states, events


def severity(threshold: Threshold) -> Severity:
    """Return how much it matters: a limit that is used up is critical, what is expected or near it a warning."""
    if threshold.measure is Measure.ACTUAL:
        if threshold.percent >= 100:
            return Severity.CRITICAL
        return Severity.WARNING if threshold.percent >= 80 else Severity.INFO
    is_near = threshold.percent >= (80 if threshold.measure is Measure.PROBABILITY else 100)
    return Severity.WARNING if is_near else Severity.INFO


_ORDER = (Measure.ADJUSTED, Measure.PROBABILITY, Measure.FORECAST, Measure.ACTUAL)


def rank(threshold: Threshold) -> tuple[int, int, int]:
    """Return what sorts thresholds, the worst last."""
    return severity(threshold).rank, _ORDER.index(threshold.measure), threshold.percent


def _newly_reached(before: Mapping[str, BudgetState], now: Evaluation) -> list[Threshold]:
    def is_told(each: Threshold) -> bool:
        found = before.get(str(each))
        return found is not None and found.is_reached

    # Of a period that has ended only that its limit is used up is news.
    may = (each for each in now.line.thresholds if not now.is_over or severity(each) is Severity.CRITICAL)
    return [each for each in may if now.has_reached(each) and not is_told(each)]


def _left_behind(before: Mapping[str, BudgetState], now: Evaluation) -> list[str]:
    """Return the thresholds that were reached and no longer are, or that the budget no longer has."""
    return [
        name
        for name, each in before.items()
        if each.is_reached
        and (Threshold.parse(name) not in now.line.thresholds or now.is_clear_of(Threshold.parse(name)))
    ]


def _of_left(
    before: Mapping[str, BudgetState], left: Sequence[str], still: Sequence[Threshold], now: Evaluation
) -> list[Event]:
    """Return an event for each one that is ended; where a worse one had told them all, one when the last is left."""
    ended = [before[name] for name in sorted(left, key=lambda name: rank(Threshold.parse(name)), reverse=True)]
    events = [told.left(now, each, still) for each in ended if each.told_key]
    if ended and not events and not still:
        events = [told.left(now, ended[0], still)]
    return events


def of_all(
    states: Iterable[BudgetState], evaluations: Iterable[Evaluation], ids: Iterable[str], at: datetime
) -> Change:
    """Return what changes of all budgets. ``ids`` are those that are configured; what others had reached is ended."""
    known: dict[tuple[str, date], dict[str, BudgetState]] = {}
    for each in states:
        known.setdefault((each.budget, each.period_first), {})[each.threshold] = each
    changed, events = [], []
    for now in evaluations:
        found, told_now = transition(known.get((now.line.id, now.span.first), {}), now, at)
        changed += found
        events += told_now
    configured = set(ids)
    for (budget, _), of_period in sorted(known.items()):
        if budget not in configured:
            gone = [each for each in of_period.values() if each.is_reached]
            changed += [replace(each, is_reached=False, changed_at=at) for each in gone]
            events += [told.removed(each) for each in gone if each.told_key]
    return changed, events
