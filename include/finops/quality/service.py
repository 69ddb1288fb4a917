"""The gate: check the candidate, write the verdict and the page that explains it."""

from __future__ import annotations

import json
import logging
import shutil
from datetime import UTC, datetime
from typing import NoReturn

from finops.core.errors import Finding
from finops.core.locks import exclusive
from finops.core.settings import Settings
from finops.policy.allocation import Rules
from finops.quality import index, page
from finops.quality.models import Given, LandedTotal, Severity, TableResult
from finops.stores.candidate import Candidate, Verdict, load_candidate, save_verdict
from finops.stores.state import builds, period_inputs
from finops.stores.state.store import open_state

logger = logging.getLogger(__name__)

RESULTS_TO_KEEP = 30
"""Gate results kept to look back at; older ones are removed."""


def check(settings: Settings) -> Verdict:
    """Check the candidate in the warehouse, save the verdict and its page, and return the verdict.

    Raise NotReady when there is no candidate, Finding naming the broken expectations when one that blocks is broken.
    """
    with exclusive(settings, "warehouse"):
        candidate = load_candidate(settings)
        # Great Expectations takes seconds to import, so not before there is something to check.
        from finops.quality.gate import run_suites

        given = _given(settings, candidate)
        results = run_suites(settings, given)
    verdict = _verdict(candidate, results)
    page.write(settings.quality_dir / candidate.build_id / "index.html", verdict, given, results)
    save_verdict(settings, verdict)
    _remove_old_results(settings)
    index.write(settings)
    for warning in verdict.warnings:
        logger.warning("%s", warning)
    if not verdict.passed:
        _refuse(settings, verdict)
    return verdict


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
            key = (item.provider.value, str(item.billing_period), total.billing_currency)
            before = sums.get(key)
            rows, cost = (before.row_count, before.billed_cost) if before else (0, 0)
            sums[key] = LandedTotal(*key, rows + total.row_count, cost + total.billed_cost)
    pairs = tuple((each.provider.value, str(each.billing_period)) for each in candidate.scope)
    return Given(
        pairs, tuple(sums[key] for key in sorted(sums)), datetime.now(UTC), _rules_of_build(settings), candidate.closed
    )


def _rules_of_build(settings: Settings) -> Rules:
    """Return the allocation rules that the build in the warehouse was made with; none where it wrote none."""
    path = settings.inputs_dir / "ops" / "allocation.json"
    if not path.exists():
        return Rules()
    return Rules.model_validate(json.loads(path.read_text(encoding="utf-8"))["rules"])


def _verdict(candidate: Candidate, results: list[TableResult]) -> Verdict:
    broken = [outcome for result in results for outcome in result.outcomes if not outcome.is_met]
    failures = tuple(outcome.text for outcome in broken if outcome.severity is Severity.BLOCKS)
    warnings = tuple(outcome.text for outcome in broken if outcome.severity is Severity.WARNS)
    return Verdict(candidate.build_id, not failures, failures, warnings)


def _remove_old_results(settings: Settings) -> None:
    folders = [path for path in settings.quality_dir.iterdir() if path.is_dir()]
    folders.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in folders[RESULTS_TO_KEEP:]:
        shutil.rmtree(path)
