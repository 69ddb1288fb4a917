"""What becomes of findings: which of a resource's counts, what forbids it, and whether it was there before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from finops.rightsizing.actions.base import LOCAL_DISK_TAG, SCRATCH
from finops.rightsizing.models import Finding
from finops.rightsizing.resource import Resource

_ALONE = ("suspected_attack",)
"""What these save is no part of what the resource costs in an ordinary month: nothing else takes it away."""
_TOGETHER = ("stale_checkpoints", "incomplete_uploads")
"""These save different bytes of one bucket."""
_LAST = ("budget_breach",)
"""What a budget asks for comes after what is waste: that saves for good, and saves first."""
_STOPS = ("stop_machine", "resize_machine", "schedule_machine")


class Status(StrEnum):
    """What is to be done about a finding."""

    PROPOSED = "proposed"
    WAITING = "waiting"
    REFUSED = "refused"
    SUPPRESSED = "suppressed"
    DECISION = "decision"


OPEN = (Status.PROPOSED, Status.WAITING, Status.DECISION)
"""What nothing forbids: the others are left alone."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding with its status and why; found in so many runs in a row, for the first time on ``first_seen``."""

    finding: Finding
    status: Status
    reason: str
    first_seen: date
    times_seen: int


Seen = Mapping[str, tuple[date, int]]
"""By key: when the run before this one says it was first seen, and in how many runs in a row."""


def refusal(finding: Finding, resource: Resource, protect_tag: str) -> str:
    """Return what forbids the change of a resource as the inventory has it; empty where nothing does.

    The live state is looked at again before anything is done.
    """
    change = finding.change
    if _is_protected(resource, protect_tag):
        return f"protected by the tag {protect_tag}"
    if finding.monthly_saving == 0 and "whole_saving" in finding.facts and resource.cost.covered > 0:
        return "a commitment covers all of it: nothing is saved until that ends"
    if change is None or change.action not in _STOPS:
        return ""
    if resource.group_id:
        return f"member of the scaling group {resource.group_id}, which would replace it: change the group's template"
    if resource.has_local_disk and resource.tags.get(LOCAL_DISK_TAG) != SCRATCH:
        return (
            f"it has a local disk, whose data is lost when it stops; tag it {LOCAL_DISK_TAG}={SCRATCH} if that may be"
        )
    if resource.is_spot:
        return "a spot machine: stopping may end it"
    return ""


def _is_protected(resource: Resource, protect_tag: str) -> bool:
    wanted = protect_tag.casefold()
    values = (value for key, value in resource.tags.items() if key.casefold() == wanted)
    return any(str(value).strip().casefold() not in ("false", "no", "0") for value in values)


def of_resource(resource: Resource, findings: Sequence[tuple[Finding, str]]) -> list[tuple[Finding, str]]:
    """Return a resource's findings with why each is refused, so that their savings are not more than it costs.

    The best by saving counts, among those that nothing forbids; of the others the saving is 0 and the note says what
    it would be alone.
    """
    alone = [each for each in findings if each[0].rule in _ALONE]
    together = [each for each in findings if each[0].rule in _TOGETHER]
    rivals = [each for each in findings if each[0].rule not in (*_ALONE, *_TOGETHER, *_LAST)]
    judged = list(alone)
    if rivals:
        best, refused = max(rivals, key=_rank)
        judged.append((best, refused))
        judged.extend(_outdone(each, why, best) for each, why in rivals if each is not best)
    left = resource.cost.monthly * (1 - resource.cost.covered)
    for each, why in sorted(together, key=_rank, reverse=True):
        saving = min(each.monthly_saving, left.quantize(Decimal("1e-12"), ROUND_DOWN))
        left -= saving
        judged.append((replace(each, monthly_saving=saving), why))
    return judged + [_after(each, why, resource, judged) for each, why in findings if each.rule in _LAST]


def _after(each: Finding, why: str, resource: Resource, others: Sequence[tuple[Finding, str]]) -> tuple[Finding, str]:
    """Return a budget's finding with what others leave to be saved; refused where one of them does it anyway."""
    rivals = [(other, refused) for other, refused in others if other.rule not in _ALONE]
    same = (other.rule for other, refused in rivals if other.change and other.change == each.change and not refused)
    if rule := next(same, ""):
        return replace(each, monthly_saving=Decimal(0)), why or f"{rule} of the same resource does it already"
    taken = sum((other.monthly_saving for other, _ in rivals), Decimal(0))
    if not taken:
        return each, why
    left = max(resource.cost.monthly * (1 - resource.cost.covered) - taken, Decimal(0))
    return replace(each, monthly_saving=min(each.monthly_saving, left.quantize(Decimal("1e-12"), ROUND_DOWN))), why


def _rank(each: tuple[Finding, str]) -> tuple[object, ...]:
    finding, refused = each
    return (not refused, finding.monthly_saving, finding.change is not None, finding.confidence, finding.rule)


def _outdone(each: Finding, why: str, best: Finding) -> tuple[Finding, str]:
    if not each.monthly_saving:
        return each, why
    note = f"alone it would save {each.monthly_saving:,.2f} {each.currency} a month"
    noted = replace(each, monthly_saving=Decimal(0), note="; ".join(filter(None, (each.note, note))))
    return noted, why or f"{best.rule} of the same resource saves more"


def statuses(
    found: Iterable[tuple[Finding, str]],
    seen: Seen,
    suppressed: Mapping[str, str],
    run_date: date,
    consecutive: int,
) -> list[Judged]:
    """Return every finding with its status: what is wrong with it comes before how often it was seen."""
    judged = []
    for finding, refused in found:
        first, times = seen.get(finding.key, (run_date, 0))
        status, reason = Status.PROPOSED, ""
        if (why := suppressed.get(finding.key)) is not None:
            status, reason = Status.SUPPRESSED, why
        elif refused:
            status, reason = Status.REFUSED, refused
        elif finding.change is None:
            status, reason = Status.DECISION, "a person has to decide how"
        elif times + 1 < consecutive:
            status, reason = Status.WAITING, f"found {times + 1} of {consecutive} times in a row"
        judged.append(Judged(finding, status, reason, first, times + 1))
    return judged


def savings_of(found: Iterable[tuple[Finding, str]]) -> dict[tuple[str, str], Decimal]:
    """Return what machines would save a month by (provider, currency), of what nothing forbids.

    What a budget stops runs again later.
    """
    total: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for finding, refused in found:
        if not refused and finding.resource_type == "machine" and finding.rule not in _LAST:
            total[finding.target.provider, finding.currency] += finding.monthly_saving
    return dict(total)
