"""Budgets in words: the events that tell of thresholds, and lines that pages and commands share."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from finops.budgets.models import Evaluation
from finops.core.events import Event, Severity
from finops.core.money import digits_of, exact_arithmetic, rounded
from finops.pages import wording
from finops.policy.budgets import Action, Kpi, Line, Measure, Threshold
from finops.policy.budgets.calendar import Per, Span
from finops.stores.state.budget_states import BudgetState

PAGE = "budgets/index.html"

ACTIONS = {
    Action.APPROVAL: "new GPU work needs an approval",
    Action.THROTTLE: "scale what is not production to its minimum",
    Action.STOP: "stop what is not production",
    Action.DENY: "deny new GPU capacity by policy",
}
_ACTS = (Action.THROTTLE, Action.STOP, Action.DENY)
_UNDO = (
    "What was done because of it stays until somebody undoes it: finops rightsizing list --all, then "
    "finops rightsizing rollback ID",
)
_KPIS = {
    Kpi.COST_PER_INFERENCE: "Cost per inference",
    Kpi.MODEL_VERSION_COST: "Cost of the dearest model version",
    Kpi.GPU_UTILIZATION: "GPU utilization",
}


def amount(line: Line, value: Decimal | None) -> str:
    """Return an amount of a budget in words, with its currency or unit; a dash where it is not known."""
    if value is None:
        return "–"
    if line.kpi is Kpi.GPU_UTILIZATION:
        return f"{value:.1f} %"
    if line.kpi is Kpi.COST_PER_INFERENCE:
        return f"{round(value, 6).normalize():f} {line.currency}"
    digits = digits_of(line.currency)
    return f"{wording.money(rounded(value, digits), digits)} {line.currency}"


def percent(value: float | Decimal | None) -> str:
    """Return a part of one in percent; a dash where it is not known."""
    return "–" if value is None else f"{float(value) * 100:.0f} %"


@exact_arithmetic()
def used(now: Evaluation) -> Decimal | None:
    """Return what is spent as a part of the limit; of a utilization what is reached of its target."""
    return None if now.actual is None or not now.limit else round(now.actual / now.limit, 6)


def period(line: Line, span: Span) -> str:
    """Return a period's name: ``2025-06``, ``week of 2025-06-02``, ``2025-04 to 2025-06``."""
    if line.per is Per.WEEK:
        return f"week of {span.first}"
    if line.per is Per.MONTH:
        return f"{span.first:%Y-%m}"
    return f"{span.first:%Y-%m} to {span.last:%Y-%m}"


def threshold(each: Threshold) -> str:
    """Return a threshold in words."""
    return {
        Measure.ACTUAL: f"{each.percent} % spent",
        Measure.FORECAST: f"{each.percent} % forecast",
        Measure.ADJUSTED: f"{each.percent} % forecast without odd days",
        Measure.PROBABILITY: f"probability of breach {each.percent} %",
    }[each.measure]


def key_of(now: Evaluation, each: Threshold, occurrence: int) -> str:
    """Return the key of the event that tells a threshold."""
    return f"budget/{now.line.id}/{now.span.first}/{str(each).replace(' ', '-')}/{occurrence}"


def reached(
    now: Evaluation,
    worst: Threshold,
    key: str,
    severity: Severity,
    also: Sequence[Threshold],
    before: Sequence[Threshold],
) -> Event:
    """Return the event that tells a threshold; ``also`` were reached with it, ``before`` were told earlier."""
    is_breach = worst.measure is Measure.ACTUAL and worst.percent >= 100
    lines = [_says(now)]
    if before:
        lines.append(f"It is worse than told before: {', '.join(map(threshold, before))}.")
    if also:
        lines.append(f"Reached with it: {', '.join(map(threshold, also))}.")
    return Event(
        kind="budget_breach" if is_breach else "budget_threshold",
        key=key,
        severity=severity,
        title=f"Budget {now.line.name}, {period(now.line, now.span)}: {_headline(now, worst)}",
        text=" ".join(lines),
        facts=facts(now),
        owner=now.line.owner,
        channel=now.line.channel,
        links=(("Burn-down", f"{PAGE}#{anchor(now.line)}"),),
        next_steps=_next_steps(now),
        group=f"budgets/{now.line.owner}",
    )


def left(now: Evaluation, state: BudgetState, still: Sequence[Threshold]) -> Event:
    """Return the event that tells that a threshold is left behind, and why."""
    was = Threshold.parse(state.threshold)
    now_says = f"Still reached: {', '.join(map(threshold, still))}." if still else "It is in order."
    key = state.told_key or f"budget/{state.budget}/{state.period_first}/{state.threshold.replace(' ', '-')}"
    return Event(
        kind="budget_recovered",
        key=f"{key}/recovered/{state.occurrence}",
        severity=Severity.INFO,
        title=f"Budget {now.line.name}, {period(now.line, now.span)}: no longer at {threshold(was)}",
        text=f"{cause(now, state)} {_says(now)} {now_says}",
        facts=facts(now),
        owner=now.line.owner,
        channel=now.line.channel,
        links=(("Burn-down", f"{PAGE}#{anchor(now.line)}"),),
        next_steps=_UNDO if any(each.action in _ACTS for each in now.line.actions) else (),
        group=f"budgets/{now.line.owner}",
        resolves=state.told_key,
    )


def removed(state: BudgetState) -> Event:
    """Return the event that ends what was told of a budget that is no longer configured."""
    return Event(
        kind="budget_recovered",
        key=f"{state.told_key}/removed/{state.occurrence}",
        severity=Severity.INFO,
        title=f"Budget {state.budget} is no longer in budgets.yml",
        text=f"It had reached {threshold(Threshold.parse(state.threshold))} in the period from {state.period_first}.",
        group="budgets/",
        resolves=state.told_key,
    )


def facts(now: Evaluation) -> tuple[tuple[str, str], ...]:
    """Return a budget's figures as they are shown."""
    line = now.line
    found = [
        ("Scope", line.scope_text),
        ("Period", period(line, now.span)),
        ("Target" if line.kpi is not None else "Budget", amount(line, now.limit)),
        (_KPIS[line.kpi] if line.kpi is not None else "Spent", f"{amount(line, now.actual)} ({percent(used(now))})"),
    ]
    if now.rolled_over:
        found.append(("Rolled over", amount(line, now.rolled_over)))
    if not now.is_over and now.forecast is not None:
        bounds = f"{amount(line, now.lo_80)} to {amount(line, now.hi_80)}"
        found += [
            ("Forecast", f"{amount(line, now.forecast)} (80 %: {bounds})"),
            ("Probability of breach", percent(now.probability)),
        ]
        if now.days_until_breach:
            found.append(("Used up in", f"{now.days_until_breach} days"))
    return tuple(found)


def anchor(line: Line) -> str:
    """Return the name of a budget's place on the page."""
    return "budget-" + "".join(each if each.isalnum() or each in "-_" else "-" for each in line.id)


def _headline(now: Evaluation, worst: Threshold) -> str:
    if worst.measure is Measure.ACTUAL:
        if now.line.kpi is not None:
            return (
                f"{_KPIS[now.line.kpi]} is {amount(now.line, now.actual)}, {amount(now.line, now.limit)} is the target"
            )
        return f"{percent(used(now))} is spent"
    if worst.measure is Measure.PROBABILITY:
        return f"the probability of breach is {percent(now.probability)}"
    return f"{amount(now.line, now.value_of(worst.measure))} expected of {amount(now.line, now.limit)}"


def _says(now: Evaluation) -> str:
    line = now.line
    if line.kpi is not None:
        return f"{_KPIS[line.kpi]} is {amount(line, now.actual)} against a target of {amount(line, now.limit)}."
    spent = f"{amount(line, now.actual)} of {amount(line, now.limit)} is spent ({percent(used(now))})"
    if now.is_over:
        return f"{spent}; the period has ended."
    until = f", used up in {now.days_until_breach} days" if now.days_until_breach else ""
    return f"{spent}; {amount(line, now.forecast)} is expected by {now.span.last}{until}."


def cause(now: Evaluation, state: BudgetState) -> str:
    """Return why a threshold was left behind, in words."""
    was = Threshold.parse(state.threshold)
    line = now.line
    if now.limit > state.limit_amount and line.kpi is None:
        return f"The budget was raised from {amount(line, state.limit_amount)} to {amount(line, now.limit)}."
    if was.measure is Measure.ACTUAL and line.kpi is None and state.value is not None and now.actual is not None:
        return f"A restated bill changed what is spent from {amount(line, state.value)} to {amount(line, now.actual)}."
    if now.is_over:
        return "The period has ended below it."
    return "What is expected has fallen below it."


def _next_steps(now: Evaluation) -> tuple[str, ...]:
    wanted = [f"Proposed: {ACTIONS[each.action]}" for each in now.line.actions if now.has_reached(each.when)]
    return (
        *wanted,
        "See where it went: finops budgets check",
        "Change the amount in budgets.yml if the plan has changed",
    )
