"""What a job asks of the gate, what is known, and the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from finops.budgets.gate.window import Window
from finops.policy.budgets import Threshold
from finops.stores.state.budget_approvals import Approval


class Verdict(StrEnum):
    """Whether a job starts now, waits, or is left out."""

    START = "start"
    DEFER = "defer"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class SpotLimit:
    """What an hour of a machine may cost on the spot market at most. Amounts are per machine, not per GPU."""

    instance_type: str
    region: str
    at_most: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Request:
    """What a job asks. ``cost`` is its estimated cost, of ``currency``; ``most`` how far budgets may be used with it.

    Budgets are named by id, or by the ``scope`` of the job: dimension → value; then all that count its charges are
    asked. ``over``, ``unpublished`` and ``unknown`` say what follows where a budget or a price is exceeded, where it is
    not published or older than ``max_age`` days, and where there is no such budget; None of the last: an error.
    """

    budgets: tuple[str, ...]
    scope: tuple[tuple[str, str], ...]
    cost: Decimal
    currency: str
    most: tuple[Threshold, ...]
    window: Window | None
    spot: SpotLimit | None
    over: Verdict
    unpublished: Verdict
    unknown: Verdict | None
    max_age: int


@dataclass(frozen=True, slots=True)
class Published:
    """A budget as it is published, of the period that holds today; amounts are of its currency.

    ``held`` are the proposals that ask for an approval, in words.
    """

    budget: str
    currency: str
    run_date: date
    period_last: date
    limit: Decimal
    actual: Decimal
    forecast: Decimal
    lo_80: Decimal
    hi_80: Decimal
    adjusted: Decimal
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Price:
    """What an hour of a spot machine costs, and where that is from. ``amount`` is None where it is not known."""

    amount: Decimal | None
    currency: str
    source: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known: the budgets asked for and what is published of them, approvals that hold, and the price."""

    asked: tuple[str, ...]
    unknown: tuple[str, ...]
    published: dict[str, Published]
    approvals: dict[str, Approval]
    price: Price | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict, its reasons, and the first moment (UTC) at which it can change, where that is known."""

    verdict: Verdict
    reasons: tuple[str, ...]
    next_at: datetime | None

    @property
    def is_start(self) -> bool:
        """Whether the job may start now."""
        return self.verdict is Verdict.START

    @property
    def why(self) -> str:
        """The reasons in one line."""
        return "; ".join(self.reasons)

    def as_json(self) -> dict[str, Any]:
        """Return the answer as JSON has it."""
        moment = None if self.next_at is None else self.next_at.isoformat()
        return {"verdict": self.verdict.value, "reasons": list(self.reasons), "next_at": moment}
