"""How good findings are on bills whose waste is known: recall by rule, precision, and decoys that are proposed.

Waste is found by a finding that nothing forbids – one that is proposed, waits for another run, or is left to a person
to decide – of the same resource, or of the scaling group that it is a member of, and

- of the rule that is expected; or of another with the very change that is known to be right, parameters and all; or
- that outdid the expected one, by stopping the resource or by a larger saving: then the page names both.

A decoy is proposed by such a finding of the rule that it tempts, or of any rule with an action on its resource.
Findings of whole accounts (commitments, budgets, transfer, attacks) are right by other figures, and left out; so is
what a budget throttles or stops, which is no waste: a policy asks for it, and whether rightly, its scope says.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from finops.core.settings import Settings
from finops.rightsizing import service
from finops.rightsizing.judging import OPEN
from finops.rightsizing.models import ResourceType

KPI = "waste"
_NOT_OF_RESOURCES = ("suspected_attack", "budget_breach")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Truth:
    """A resource that wastes by a rule, with the change that is right; or a decoy, with the reason why it does not."""

    provider: str
    resource_id: str
    rule: str
    propose: Mapping[str, Any] = field(default_factory=dict)
    decoy: str = ""

    def __str__(self) -> str:
        """Return it as a line of the score has it."""
        return f"{self.rule} of {self.provider} {self.resource_id}"


@dataclass(frozen=True, slots=True)
class Score:
    """Counts, and what is missed or proposed by mistake, in words. ``found`` and ``planted`` are counts by rule.

    ``findings`` are those of resources that nothing forbids, ``right`` those of planted waste among them, ``others``
    the rest by rule: found, and not planted.
    """

    run_date: date
    planted: Mapping[str, int]
    found: Mapping[str, int]
    decoys: int
    findings: int
    right: int
    others: Mapping[str, int]
    missed: tuple[str, ...]
    proposed_decoys: tuple[str, ...]

    @property
    def recall(self) -> float:
        """Found of what is planted."""
        wanted = sum(self.planted.values())
        return sum(self.found.values()) / wanted if wanted else 1.0

    @property
    def precision(self) -> float:
        """Findings of planted waste, of all."""
        return self.right / self.findings if self.findings else 1.0

    def lines(self) -> list[str]:
        """Return the score in words: what is missed, and each decoy that is proposed, by name."""
        by_rule = (f"{rule} {self.found.get(rule, 0)} of {count}" for rule, count in sorted(self.planted.items()))
        others = ", ".join(f"{rule} {count}" for rule, count in sorted(self.others.items()))
        return [
            f"{sum(self.found.values())} of {sum(self.planted.values())} planted wastes found as of {self.run_date}: "
            f"recall {self.recall:.1%}",
            f"by rule: {', '.join(by_rule)}",
            f"{len(self.proposed_decoys)} of {self.decoys} decoys proposed",
            f"{self.findings} findings of resources, {self.right} of them planted: precision {self.precision:.0%}"
            + (f"; beside: {others}" if others else ""),
            *(f"missed: {each}" for each in self.missed),
            *(f"decoy proposed: {each}" for each in self.proposed_decoys),
        ]


def of_published(settings: Settings, truths: Path) -> Score:
    """Return the score of the newest published findings by a sample's ``truths.json``. Raise NotReady before any."""
    rows = service.published_findings(settings)
    run_date = max((row["run_date"] for row in rows), default=date.min)
    return score(read_truths(truths, run_date), rows, run_date)


def read_truths(path: Path, run_date: date) -> list[Truth]:
    """Read what a sample's ``truths.json`` says of the waste of a run date's last known day's month."""
    month = f"{run_date - timedelta(days=1):%Y-%m}" if run_date > date.min else ""
    return [
        Truth(
            each["provider"],
            each["keys"]["resource_id"],
            each["keys"]["rule"],
            each["known"].get("propose", {}),
            each["known"].get("reason", "a decoy") if each["known"]["is_decoy"] else "",
        )
        for each in json.loads(path.read_text(encoding="utf-8"))
        if each["kpi"] == KPI and each["billing_period"] == month
    ]


def score(truths: Sequence[Truth], rows: Iterable[Row], run_date: date) -> Score:
    """Return the score of the rows of one run date of ``mart_findings``."""
    judged = [row for row in rows if _is_of_resource(row)]
    by_resource: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in judged:
        for ident in {row["resource_id"], *json.loads(row["facts"]).get("members", ())}:
            by_resource[row["provider"], ident].append(row)
    planted, found, right = Counter[str](), Counter[str](), set[str]()
    missed, proposed, decoys = [], [], 0
    for truth in truths:
        own = by_resource.get((truth.provider, truth.resource_id), [])
        if truth.decoy:
            decoys += 1
            proposed += [f"{truth} ({truth.decoy}): {_said(row)}" for row in own if _tempts(row, truth)]
            continue
        planted[truth.rule] += 1
        hits = [row for row in own if _finds(row, truth, own)]
        right |= {row["finding_key"] for row in hits}
        if hits:
            found[truth.rule] += 1
        else:
            missed.append(f"{truth}: {_said(_closest(own, truth))}")
    open_rows = [row for row in judged if row["status"] in OPEN]
    others = Counter(row["rule"] for row in open_rows if row["finding_key"] not in right)
    return Score(
        run_date=run_date,
        planted=planted,
        found=found,
        decoys=decoys,
        findings=len(open_rows),
        right=len(right),
        others=others,
        missed=tuple(missed),
        proposed_decoys=tuple(proposed),
    )


def _is_of_resource(row: Row) -> bool:
    return row["resource_type"] != ResourceType.ACCOUNT and row["rule"] not in _NOT_OF_RESOURCES


def _finds(row: Row, truth: Truth, own: Sequence[Row]) -> bool:
    if row["status"] not in OPEN:
        return False
    return row["rule"] == truth.rule or _is_wanted(row, truth) or _outdoes(row, truth, own)


def _is_wanted(row: Row, truth: Truth) -> bool:
    """Tell whether a finding has the very change that is right."""
    wanted = dict(truth.propose)
    allowed = [wanted.pop("instance_type", None), *wanted.pop("or", ())]
    if row["action"] != wanted.pop("action", None):
        return False
    made = json.loads(row["parameters"])
    is_type = made.get("instance_type") in allowed
    return is_type and all(made.get(name) == value for name, value in wanted.items())


def _outdoes(row: Row, truth: Truth, own: Sequence[Row]) -> bool:
    """Tell whether the expected finding is there, and refused for nothing but this one."""
    reason = f"{row['rule']} of the same resource saves more"
    return any(each["rule"] == truth.rule and each["reason"] == reason for each in own)


def _tempts(row: Row, truth: Truth) -> bool:
    return row["status"] in OPEN and (row["rule"] == truth.rule or bool(row["action"]))


def _closest(own: Sequence[Row], truth: Truth) -> Row | None:
    return max(own, key=lambda row: (row["rule"] == truth.rule, row["status"] in OPEN), default=None)


def _said(row: Row | None) -> str:
    if row is None:
        return "nothing is found of it"
    reason = f" ({row['reason']})" if row["reason"] else ""
    return f"{row['rule']} {row['action'] or 'without an action'} is {row['status']}{reason}"
