"""From what is published, forecasts and KPIs among it, to budgets: evaluate → gate → publish → page → tell."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.pipelines import forecasts, notices, results

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from finops.budgets.gate.models import Answer
    from finops.budgets.mirror.models import Mirrored
    from finops.budgets.models import Evaluated
    from finops.core.cloud_login import CloudLogin
    from finops.policy.budgets import Mirror

FEATURE = "budgets"


@dataclass(frozen=True, slots=True)
class Enforced:
    """A run: what it published, None where nothing had changed, and how many events there were to tell."""

    run_date: date
    build_id: str | None
    told: int


def are_configured(settings: Settings) -> bool:
    """Tell whether ``budgets.yml`` holds any budget. Raise BadInput for an invalid one."""
    from finops.policy import budgets

    return bool(budgets.lines(settings).lines)


def run(settings: Settings, run_date: date | None = None) -> Enforced:
    """Evaluate every budget, publish how they stand, and tell of thresholds that are newly reached or left.

    What is told is settled in every run, also where nothing is new to publish: a run that was killed after its
    publication is made up for by the next. Of a past run date nobody is told. Raise NotReady before any bills are
    published, BadInput for an invalid ``budgets.yml`` or run date, Finding if the gate refuses.
    """
    from finops.budgets import service
    from finops.budgets.tables import TABLES

    with results.running(settings, FEATURE):
        evaluated = _evaluated(settings, run_date)
        made_of = _digest(settings) if run_date is None else results.made_of(settings, FEATURE)
        build_id = None
        if run_date is not None or results.made_of(settings, FEATURE) != made_of:
            rows = service.results(settings, evaluated)
            build_id = results.publish(settings, FEATURE, TABLES, rows, made_of).build_id
        service.write_page(settings)
        told = 0 if run_date is not None else _settle(settings, evaluated)
    return Enforced(evaluated.run_date, build_id, told)


def mirror(
    settings: Settings,
    names: Sequence[str] = (),
    *,
    apply: bool = False,
    login_for: Callable[[Mirror], CloudLogin | None] = lambda _: None,
    today: date | None = None,
) -> list[Mirrored]:
    """Hold the budgets in each cloud of ``mirrors`` (or in those of these names) against ``budgets.yml``.

    Nothing is changed without ``apply``. ``login_for`` returns None to leave the login to the SDK's own chain. What
    goes wrong in a cloud is in the result. Raise BadInput for an invalid ``budgets.yml`` or an unknown name,
    Unavailable when another run applies for longer than ten minutes.
    """
    from finops.budgets.mirror import service
    from finops.core.locks import exclusive
    from finops.policy import budgets

    mirrors = {each.name: each for each in budgets.lines(settings).mirrors}
    if unknown := [each for each in names if each not in mirrors]:
        known = ", ".join(mirrors) or "none yet"
        raise BadInput(f"there is no mirror {unknown[0]!r} in {budgets.FILE}; known are {known}")
    chosen = [each for each in mirrors.values() if not names or each.name in names]
    day = today or datetime.now(UTC).date()
    with exclusive(settings, "budget-mirrors") if apply else nullcontext():
        return service.mirror_all(settings, chosen, login_for, day, apply=apply)


def may_start(
    settings: Settings,
    *,
    now: datetime | None = None,
    ec2_client_of: Callable[[str], Any] | None = None,
    **asked: Any,
) -> Answer:
    """Return whether an expensive job may start now; ``gate.request.parse`` says what can be asked.

    ``ec2_client_of`` makes the EC2 client of a region: spot prices are then those of now, else those of the latest
    bills. Raise BadInput for what is asked wrongly, and for a budget that there is not.
    """
    from functools import partial

    from finops.budgets.gate import ec2, request, service

    live = None if ec2_client_of is None else partial(ec2.price, ec2_client_of)
    return service.ask(settings, request.parse(**asked), now, live)


def _evaluated(settings: Settings, run_date: date | None) -> Evaluated:
    from finops.budgets import service
    from finops.stores.state.store import open_state

    since = run_date or results.last_month(settings).start.date()
    with open_state(settings).connect() as connection:
        also = service.open_periods(connection, since)
    return service.evaluate_all(settings, run_date, also)


def _settle(settings: Settings, evaluated: Evaluated) -> int:
    """Write which thresholds are reached and put what is told into the outbox, in one transaction."""
    from finops.budgets import service
    from finops.stores.state import outbox
    from finops.stores.state.store import open_state

    with open_state(settings).begin() as connection:
        events = service.settle(connection, evaluated)
        if notices.has_channels(settings):
            outbox.add(connection, events)
    return len(events)


def _digest(settings: Settings) -> str:
    from finops.policy import budgets

    return results.digest(settings, budgets.lines(settings).digest, [forecasts.FEATURE, results.KPIS])
