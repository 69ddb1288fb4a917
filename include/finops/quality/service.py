"""The gate: check the candidate, write the verdict and the page that explains it."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NoReturn

from finops.core.errors import Finding
from finops.core.halving import find_faulty
from finops.core.settings import Settings
from finops.policy.allocation import Rules
from finops.quality import index, page
from finops.quality.models import Given, LandedTotal, Outcome, Severity, TableResult
from finops.stores import published, workspaces
from finops.stores.candidate import (
    BuiltPeriod,
    Candidate,
    Refusal,
    Verdict,
    load_candidate,
    load_verdict,
    save_candidate,
    save_verdict,
)
from finops.stores.state import builds, held_back, period_inputs
from finops.stores.state.store import open_state

logger = logging.getLogger(__name__)

RESULTS_TO_KEEP = 30
"""Gate results kept to look back at; older ones are removed."""


def check(settings: Settings, build_id: str | None = None) -> Verdict:
    """Check the candidate in the workspace, save the verdict and its page, and return the verdict.

    A (provider, billing period) that breaks a blocking expectation by itself is taken out of the candidate, recorded as
    held back and named in the verdict, which is of the others. Raise NotReady when there is no candidate, Finding
    naming the broken expectations when nothing of it can be published, or when it is not of the ``build_id`` expected.
    """
    with workspaces.holding(settings):
        candidate = load_candidate(settings, build_id)
        beside = _current(settings)
        given = _given(settings, candidate)
        results = _run(settings, given)
        faults = _faults(settings, candidate, results)
        _hold_back(settings, candidate.build_id, faults)
        verdict = _verdict(candidate, results, beside)
        if 0 < len(faults) < len(candidate.scope):
            refused = tuple(Refusal(p.provider, str(p.billing_period), texts) for p, texts in faults)
            candidate = replace(candidate, scope=tuple(p for p in candidate.scope if p not in dict(faults)))
            remaining = _run(settings, _given(settings, candidate))
            if not _broken(remaining):
                verdict = replace(_verdict(candidate, remaining, beside), refused=refused)
                # Before the verdict: a candidate with a passing verdict is published whole.
                save_candidate(settings, candidate)
        page.write(settings.quality_dir / candidate.build_id / "index.html", verdict, given, results)
        save_verdict(settings, verdict)
    return _concluded(settings, verdict)


def check_again(settings: Settings, build_id: str) -> None:
    """Check the views of a build again where a month that they compare it with was published since it was checked.

    Raise what ``check`` raises when nothing of it may be published any more.
    """
    candidate, verdict = load_candidate(settings, build_id), load_verdict(settings, build_id)
    near = {str(m) for month in candidate.billing_periods for m in (month.previous, month, month.next)}
    since = published.since(settings, verdict.beside)
    if not verdict.passed or build_id in {each.build_id for each in since}:
        return
    if not any(each["billing_period"] in near for version in since for each in version.manifest["scope"]):
        return
    logger.info("build %s is checked again beside %s", build_id, since[0].build_id)
    if _broken(_run(settings, _given(settings, candidate), views_only=True)):
        check(settings, build_id)
    else:
        save_verdict(settings, replace(verdict, beside=since[0].build_id))


def check_layer(settings: Settings, build_id: str) -> Verdict:
    """Check the KPIs or results in the workspace, save the verdict and its page, and return the verdict.

    Raise Finding naming the broken expectations when it may not be published, Superseded when it is not of the
    ``build_id`` expected.
    """
    with workspaces.holding(settings):
        candidate = load_candidate(settings, build_id)
        pairs = tuple((each.provider, str(each.billing_period)) for each in candidate.scope)
        given = Given(pairs, (), datetime.now(UTC), periods=tuple(map(str, candidate.billing_periods)))
        results = _run(settings, given)
        verdict = _verdict(candidate, results, _current(settings))
        page.write(settings.quality_dir / build_id / "index.html", verdict, given, results)
        save_verdict(settings, verdict)
    return _concluded(settings, verdict)


def _concluded(settings: Settings, verdict: Verdict) -> Verdict:
    """List a verdict among the others and say its warnings. Raise Finding where nothing may be published."""
    _remove_old_results(settings)
    index.write(settings)
    for warning in verdict.warnings:
        logger.warning("%s", warning)
    if not verdict.passed:
        _refuse(settings, verdict)
    return verdict


def _current(settings: Settings) -> str | None:
    path = published.current_folder(settings)
    return None if path is None else path.name


def _run(
    settings: Settings, given: Given, only: Collection[str] | None = None, *, views_only: bool = False
) -> list[TableResult]:
    # Great Expectations takes seconds to import, so not before there is something to check.
    from finops.quality.gate import run_suites

    return run_suites(settings, given, only, views_only=views_only)


def _broken(results: list[TableResult]) -> list[Outcome]:
    outcomes = (outcome for result in results for outcome in result.outcomes)
    return [each for each in outcomes if not each.is_met and each.severity is Severity.BLOCKS]


def _faults(
    settings: Settings, candidate: Candidate, results: list[TableResult]
) -> list[tuple[BuiltPeriod, tuple[str, ...]]]:
    """Return the periods that break, by themselves, what the whole candidate breaks, and how; none where none does."""
    broken = {(each.table, each.says) for each in _broken(results)}
    # Only what is broken is asked again: a run of all suites takes seconds.
    tables = {table for table, _ in broken}

    def failures_of(some: Sequence[BuiltPeriod]) -> tuple[str, ...] | None:
        found = _broken(_run(settings, _given(settings, replace(candidate, scope=tuple(some))), tables))
        return tuple(each.text for each in found if (each.table, each.says) in broken) or None

    if not broken or (candidate.all_or_nothing and len(candidate.scope) > 1):
        return []
    return find_faulty(candidate.scope, tuple(each.text for each in _broken(results)), failures_of)


def _hold_back(settings: Settings, build_id: str, faults: Sequence[tuple[BuiltPeriod, tuple[str, ...]]]) -> None:
    digests = {(period.provider, period.billing_period): period.input_digest for period, _ in faults}
    reasons = {(period.provider, period.billing_period): _in_short(texts) for period, texts in faults}
    for (provider, month), reason in reasons.items():
        logger.warning("%s %s is held back: %s", provider, month, reason)
    with open_state(settings).begin() as connection:
        held_back.hold(connection, build_id, held_back.GATE, digests, reasons)


def _in_short(texts: tuple[str, ...]) -> str:
    more = len(texts) - 1
    return texts[0] + (f" (and {more} more)" if more else "")


def _refuse(settings: Settings, verdict: Verdict) -> NoReturn:
    with open_state(settings).begin() as connection:
        builds.finish_build(connection, verdict.build_id, "refused", verdict.failures[0])
    count = len(verdict.failures)
    broken = "1 expectation is" if count == 1 else f"{count} expectations are"
    where = settings.quality_dir / verdict.build_id / "index.html"
    raise Finding(f"{broken} broken, nothing is published: {'; '.join(verdict.failures)} (see {where})")


def _given(settings: Settings, candidate: Candidate) -> Given:
    """Collect what the candidate is held to, from the ledger; deliveries that came since the build are not."""
    built_from = {(each.provider, each.billing_period): each.input_digest for each in candidate.scope}
    with open_state(settings).connect() as connection:
        landed = period_inputs.landed(connection)
        items = [each for each in landed if built_from.get((each.provider, each.billing_period)) == each.digest]
        items = period_inputs.with_files(connection, items)
    sums: dict[tuple[str, str, str], LandedTotal] = {}
    for item in items:
        for total in (total for delivery in item.deliveries for total in delivery.totals):
            key = (item.provider, str(item.billing_period), total.billing_currency)
            before = sums.get(key)
            rows, cost = (before.row_count, before.billed_cost) if before else (0, 0)
            sums[key] = LandedTotal(*key, rows + total.row_count, cost + total.billed_cost)
    pairs = tuple((each.provider, str(each.billing_period)) for each in candidate.scope)
    return Given(
        pairs, tuple(sums[key] for key in sorted(sums)), datetime.now(UTC), _rules_of_build(settings), candidate.closed
    )


def _rules_of_build(settings: Settings) -> Rules:
    """Return the allocation rules that the build in the warehouse was made with; none where it wrote none."""
    path = settings.inputs_dir / "ops" / "allocation.json"
    if not path.exists():
        return Rules()
    return Rules.model_validate(json.loads(path.read_text(encoding="utf-8"))["rules"])


def _verdict(candidate: Candidate, results: list[TableResult], beside: str | None) -> Verdict:
    outcomes = (outcome for result in results for outcome in result.outcomes)
    warnings = tuple(each.text for each in outcomes if not each.is_met and each.severity is Severity.WARNS)
    failures = tuple(outcome.text for outcome in _broken(results))
    return Verdict(candidate.build_id, not failures, failures, warnings, beside=beside)


def _remove_old_results(settings: Settings) -> None:
    folders = [path for path in settings.quality_dir.iterdir() if path.is_dir()]
    folders.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in folders[RESULTS_TO_KEEP:]:
        shutil.rmtree(path)
