"""Actions that a policy proposes once a threshold is reached. Rightsizing makes findings of what is published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from finops.budgets import documents, told
from finops.budgets.models import Evaluation
from finops.policy.budgets import Action, ActionRule


@dataclass(frozen=True, slots=True)
class Proposal:
    """An action for a budget in a period that still runs. ``documents`` is JSON: what would deny, by cloud."""

    evaluation: Evaluation
    rule: ActionRule
    text: str
    documents: str


def of_all(evaluations: Iterable[Evaluation], tags: Mapping[str, str]) -> Iterator[Proposal]:
    """Yield what is proposed, the mildest action of a budget first. ``tags``: dimension → the tag that fills it.

    Of a period that has ended nothing is proposed: there is nothing left to save.
    """
    for now in evaluations:
        if now.is_over:
            continue
        rules = {each.action: each for each in now.line.actions if now.has_reached(each.when)}
        for action in Action:
            if action in rules:
                yield Proposal(now, rules[action], _text(now, rules[action]), _documents(now, action, tags))


def _text(now: Evaluation, rule: ActionRule) -> str:
    what = told.ACTIONS[rule.action]
    return f"{told.threshold(rule.when)} is reached: {what}, for {now.line.scope_text}"


def _documents(now: Evaluation, action: Action, tags: Mapping[str, str]) -> str:
    if action is not Action.DENY:
        return ""
    return json.dumps(documents.of_line(now.line, tags), indent=1, sort_keys=True)
