"""Read what a job asks, as a command or an operator gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from finops.budgets.gate.models import Request, SpotLimit, Verdict
from finops.budgets.gate.window import Window
from finops.core.errors import BadInput
from finops.policy.budgets import Threshold
from finops.policy.budgets.models import COST_DIMENSIONS

MOST = ("forecast 100", "probability 80")
MAX_AGE = 7
_HELD = (Verdict.DEFER, Verdict.SKIP)


def parse(
    budgets: Sequence[str] = (),
    scope: Mapping[str, str] | None = None,
    *,
    cost: Decimal | str | float | None = None,
    currency: str | None = None,
    most: Sequence[str] = MOST,
    window: str | None = None,
    spot: str | None = None,
    over: str = "defer",
    unpublished: str = "defer",
    unknown: str = "error",
    max_age: int = MAX_AGE,
) -> Request:
    """Return what is asked; ``Request`` says what the parts mean. Raise BadInput for the first that is wrong."""
    names = tuple(dict.fromkeys(budgets))
    if bool(names) == bool(scope):
        raise BadInput("name either budgets or the scope of the job, and not both")
    if wrong := [each for each in scope or {} if each not in COST_DIMENSIONS]:
        raise BadInput(f"scope {wrong[0]!r} is no dimension; there are {', '.join(COST_DIMENSIONS)}")
    estimate = _amount("cost", cost) if cost not in (None, "") else Decimal(0)
    if estimate and not currency:
        raise BadInput(f"cost {estimate} has no currency; say which, such as USD")
    return Request(
        budgets=names,
        scope=tuple(sorted((scope or {}).items())),
        cost=estimate,
        currency=currency or "",
        most=tuple(_threshold(each) for each in most),
        window=Window.parse(window) if window else None,
        spot=_spot(spot) if spot else None,
        over=_verdict("over", over, *_HELD),
        unpublished=_verdict("unpublished", unpublished, Verdict.START, *_HELD),
        unknown=None if unknown == "error" else _verdict("unknown", unknown, Verdict.START, Verdict.SKIP),
        max_age=max_age,
    )


def _amount(what: str, value: Decimal | str | float | None) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("nan")
    if not found.is_finite() or found < 0:
        raise BadInput(f"{what} {value!r} is no amount; write it as 1234.50")
    return found


def _threshold(text: str) -> Threshold:
    try:
        return Threshold.parse(text)
    except ValueError as error:
        raise BadInput(f"most {text!r} {error}") from None


def _spot(text: str) -> SpotLimit:
    parts = text.split()
    if len(parts) != 4:
        raise BadInput(
            f"spot {text!r} is not understood; write it as 'p4d.24xlarge us-east-1 12.50 USD': machine, region, price "
            "of an hour at most, currency"
        )
    return SpotLimit(parts[0], parts[1], _amount("spot", parts[2]), parts[3])


def _verdict(what: str, text: str, *allowed: Verdict) -> Verdict:
    if text not in allowed:
        raise BadInput(f"{what} {text!r} must be one of {', '.join(allowed)}")
    return Verdict(text)
