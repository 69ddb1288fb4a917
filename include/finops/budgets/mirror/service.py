"""Reads the clouds' budgets, plans, and on request does what is planned. A cloud that fails holds back no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from finops.budgets.mirror import plan
from finops.budgets.mirror.models import Cloud, Forbidden, Mirrored, Step, What
from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.settings import Settings
from finops.policy import budgets, tags
from finops.policy.budgets import Line, Mirror

if TYPE_CHECKING:
    from finops.core.cloud_login import CloudLogin

Logins = Callable[[Mirror], "CloudLogin | None"]
"""From a mirror to its login; None leaves that to the SDK's own chain."""

_DONE = (What.CREATE, What.UPDATE, What.REMOVE)


def mirror_all(
    settings: Settings, mirrors: Iterable[Mirror], logins: Logins, today: date, *, apply: bool
) -> list[Mirrored]:
    """Return what is to be done in each mirror, and with ``apply`` do it and read it back.

    Raise BadInput for an invalid ``budgets.yml``. What goes wrong in a cloud is in the result.
    """
    lines, known = budgets.lines(settings).lines, tags_by_dimension(settings)
    return [_of_mirror(each, logins, lines, known, today, apply=apply) for each in mirrors]


def tags_by_dimension(settings: Settings) -> dict[str, str]:
    """Return the tag that fills each dimension; not of one that ``virtual_tags.yml`` gives by rules too.

    A cloud knows its tags, and no rule of ours. None without a valid tag policy.
    """
    try:
        policy = tags.load(settings)
    except BadInput:
        return {}
    given = {name for each in policy.assignments() for name in each.values}
    return {each.dimension.value: each.name for each in policy.keys if each.dimension and each.name not in given}


def _of_mirror(
    mirror: Mirror, logins: Logins, lines: Sequence[Line], known: dict[str, str], today: date, *, apply: bool
) -> Mirrored:
    wanted = [each for each in lines if mirror.has(each)]
    try:
        cloud = connect(mirror, logins(mirror))
        steps = plan.steps(mirror, cloud.dialect, wanted, known, cloud.read(), today)
    except FinopsError as error:
        return Mirrored(mirror, fault=str(error))
    if not apply or not any(each.what in _DONE for each in steps):
        return Mirrored(mirror, tuple(steps))
    done = _do(cloud, steps)
    try:
        after = plan.steps(mirror, cloud.dialect, wanted, known, cloud.read(), today)
    except FinopsError as error:
        return Mirrored(mirror, tuple(done), f"written, but it could not be read back: {error}")
    return Mirrored(mirror, tuple(_held_against(done, after)))


def connect(mirror: Mirror, login: CloudLogin | None) -> Cloud:
    """Return a mirror's cloud. Raise BadInput where there are no usable credentials."""
    if mirror.provider == "aws":
        from finops.budgets.mirror.aws import AwsBudgets

        return AwsBudgets(mirror, login)
    if mirror.provider == "azure":
        from finops.budgets.mirror.azure import AzureBudgets

        return AzureBudgets(mirror, login)
    from finops.budgets.mirror.gcp import GcpBudgets

    return GcpBudgets(mirror, login)


def _do(cloud: Cloud, steps: Sequence[Step]) -> list[Step]:
    """Do what is planned, budget by budget; after a refusal that all would get, the rest is left."""
    done: list[Step] = []
    stopped = ""
    for each in steps:
        fault = ""
        if each.what in _DONE:
            fault = stopped
            if not stopped:
                try:
                    _do_one(cloud, each)
                except (Forbidden, Unavailable) as error:
                    fault, stopped = str(error), "not tried after that"
                except FinopsError as error:
                    fault = str(error)
        done.append(replace(each, fault=fault))
    return done


def _do_one(cloud: Cloud, step: Step) -> None:
    if step.wanted is not None and step.found is None:
        cloud.create(step.wanted)
    elif step.wanted is not None and step.found is not None:
        cloud.update(step.found, step.wanted)
    elif step.found is not None:
        cloud.remove(step.found)


def _held_against(done: Iterable[Step], after: Iterable[Step]) -> list[Step]:
    """Return what was done, with a fault where the cloud shows it otherwise."""
    left = {each.name: each for each in after if each.what in _DONE}
    return [
        replace(each, fault=f"written, but read back otherwise: {left[each.name].why}")
        if each.what in _DONE and not each.fault and each.name in left
        else each
        for each in done
    ]
