"""Read what ``focus-validator`` printed.

Its exit status is 0 even when rules fail, so its text is all there is. One line per rule::

    ✅ BilledCost-C-001-M: PASS  (violations=0, 1.5ms)
    ❌ BilledCost-C-005-C: FAIL  (violations=88436, msg=BilledCost MUST equal '0'., 33.3ms)
    ❌ BilledCost-C-000-M: FAIL  (violations=1, msg=… AND failed - failed child rules: [BilledCost-C-005-C])

A rule made of others fails because one of them does; what is to be mended is a leaf. A leaf may also fail in vain:
where either of two rules may hold ("null without an invoice", "not null with one"), the other's failure breaks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.conformance.allowed import ALLOWED

_RULE = re.compile(r"^(?:\W+ )?(?P<rule>[A-Za-z]+-[A-Z]-\d{3}-[A-Z]): (?P<status>PASS|FAIL|SKIPPED)  \((?P<rest>.*)$")
_REST = re.compile(r"violations=(?P<count>\d+)(?:, reason=.*?)?(?:, msg=(?P<message>.*?))?(?:, [\d.]+ms)?\)$")
_TOTALS = re.compile(r"^Total: (\d+) \| Pass: (\d+) \| Fail: (\d+) \| Skipped: (\d+)$", re.MULTILINE)
_CHILDREN = re.compile(r"(?:AND failed - failed child rules|OR failed - all child rules failed): \[")


class Unreadable(Exception):
    """The validator did not get to an end, or writes in another form."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one rule."""

    rule: str
    status: str
    violations: int
    message: str

    @property
    def is_made_of_others(self) -> bool:
        """Whether it failed because rules it is made of did."""
        return _CHILDREN.search(self.message) is not None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The validator's word on one file: rules that passed, failing leaves, and those of them that are allowed to."""

    passed: int
    failed: tuple[Result, ...]
    allowed: tuple[Result, ...]


def parse(output: str) -> dict[str, Result]:
    """Return every rule's result. Raise Unreadable when the lines do not add up to the totals that it prints."""
    totals = _TOTALS.search(output)
    if totals is None:
        raise Unreadable(f"the validator printed no results: {output.strip()[-500:]}")
    results = {}
    # Below this line every failure is told again, with samples of the data.
    for line in output.partition("--- Failures ---")[0].splitlines():
        match = _RULE.match(line)
        rest = match and _REST.match(match["rest"])
        if match and rest:
            results[match["rule"]] = Result(match["rule"], match["status"], int(rest["count"]), rest["message"] or "")
    found = [len(results), *(sum(r.status == s for r in results.values()) for s in ("PASS", "FAIL", "SKIPPED"))]
    if found != [int(number) for number in totals.groups()]:
        raise Unreadable(f"the validator says {totals[0]!r}, its lines are {found}: its form has changed")
    return results


def judge(results: Mapping[str, Result], parents: Mapping[str, Sequence[str]], breaches: Mapping[str, int]) -> Verdict:
    """Return the leaves that break the whole. ``parents`` names the rules that a rule is a part of.

    ``breaches`` are the charges that break an allowed rule by the specification's own words: they fail all the same.
    """
    failing = sorted((r for r in results.values() if r.status == "FAIL" and not r.is_made_of_others), key=_by_rule)
    breaking = [each for each in failing if _breaks(each.rule, results, parents)]
    return Verdict(
        sum(each.status == "PASS" for each in results.values()),
        (
            *(each for each in breaking if each.rule not in ALLOWED),
            *(Result(rule, "FAIL", count, "broken as the specification words it") for rule, count in breaches.items()),
        ),
        tuple(each for each in breaking if each.rule in ALLOWED),
    )


def _by_rule(result: Result) -> str:
    return result.rule


def _breaks(rule: str, results: Mapping[str, Result], parents: Mapping[str, Sequence[str]]) -> bool:
    """Whether a failing rule breaks all there is above it, on any way up.

    A parent that passed holds without it. One that was not judged vouches for nothing.
    """
    above = parents.get(rule, ())
    if not above:
        return True
    for parent in above:
        result = results.get(parent)
        if result is None or result.status == "SKIPPED":
            return True
        if result.status == "FAIL" and _breaks(parent, results, parents):
            return True
    return False
