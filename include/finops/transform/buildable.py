"""Build what can be built, and find what cannot: one bad month must not hold back the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from finops.core.errors import BadInput, FinopsError
from finops.core.halving import find_faulty
from finops.core.settings import Settings
from finops.policy.allocation.drivers import Quantity
from finops.stores.state.period_inputs import PeriodInput
from finops.transform import inputs
from finops.transform.runner import DbtFailed

Attempt = Callable[[Sequence[PeriodInput]], list[Quantity]]
"""One run of dbt over some periods; returns the quantities that shared cost was divided by, raises DbtFailed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is built, and what is at fault and why. With an ``error`` nothing is built."""

    built: list[PeriodInput]
    faults: list[tuple[PeriodInput, str]]
    quantities: list[Quantity]
    error: FinopsError | None = None


class _Remembering:
    """An attempt that remembers what its last run built, which is what the warehouse holds; None after a failed one."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self.last: tuple[list[PeriodInput], list[Quantity]] | None = None

    def __call__(self, items: Sequence[PeriodInput]) -> list[Quantity]:
        self.last = None
        quantities = self._attempt(items)
        self.last = (list(items), quantities)
        return quantities


def build(settings: Settings, scope: list[PeriodInput], run: Attempt, *, all_or_nothing: bool) -> Outcome:
    """Build the scope without the periods whose files are gone or changed, or that dbt fails on, each by itself.

    The error names each period where none can be built. Where dbt fails only on several together, and where
    ``all_or_nothing`` is asked for, no period is at fault and the error is dbt's first.
    """
    attempt = _Remembering(run)
    gone = [(item, reason) for item in scope if (reason := inputs.damaged_file(settings, item))]
    there = [item for item in scope if item not in dict(gone)]
    if not there or (gone and all_or_nothing):
        return Outcome([], [] if all_or_nothing else gone, [], BadInput(_listed(gone)))
    try:
        return Outcome(there, gone, attempt(there))
    except DbtFailed as error:
        first = error
    faults = [] if all_or_nothing else _faults(there, first, attempt)
    good = [item for item in there if item not in dict(faults)]
    if not faults:
        return Outcome([], gone, [], first)
    if not good:
        return Outcome([], [*gone, *faults], [], DbtFailed(_listed(faults)))
    try:
        quantities = attempt.last[1] if attempt.last and attempt.last[0] == good else attempt(good)
        return Outcome(good, [*gone, *faults], quantities)
    except DbtFailed:
        return Outcome([], gone, [], first)


def _listed(faults: list[tuple[PeriodInput, str]]) -> str:
    return "; ".join(f"{item.provider} {item.billing_period}: {reason}" for item, reason in faults)


def _faults(items: list[PeriodInput], first: DbtFailed, attempt: Attempt) -> list[tuple[PeriodInput, str]]:
    def fault_of(some: Sequence[PeriodInput]) -> str | None:
        try:
            attempt(some)
        except DbtFailed as error:
            return str(error)
        return None

    return find_faulty(items, str(first), fault_of)
