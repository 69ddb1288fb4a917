"""Publish a candidate: write a complete new version next to the old one, then move one link.

The order makes every interruption harmless. The version is built under a hidden name, verified, flushed and renamed,
and gets its manifest last; then ``current`` is moved; then the scope's daily rows join the history; then the state
store learns, in one transaction, of these snapshots and that the periods are built. Killed before the link moves,
nothing is visible and the leftovers go at the next publication; killed after it, the version only gets recorded, by
whoever builds or publishes next (`recording`).

A version is the version before plus the candidate's scope: nothing but the (provider, billing period) pairs that
the gate has checked is taken from the warehouse, and what has not changed is hard-linked.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finops.core.atomic import replace_link
from finops.core.errors import Finding, Superseded
from finops.core.locks import exclusive
from finops.core.settings import Settings
from finops.stores import workspaces
from finops.stores.candidate import Candidate, Verdict, load_candidate, load_verdict, save_candidate
from finops.stores.closed_files import closed_months
from finops.stores.published import LAYOUT, Publication, latest
from finops.stores.state import builds
from finops.stores.state.store import open_state
from finops.transform import published_fact, published_marts, published_snapshots, recording, versions

logger = logging.getLogger(__name__)


def publish(settings: Settings, build_id: str | None = None) -> Publication:
    """Publish the candidate in the workspace and return its version; the same candidate again changes nothing.

    Raise NotReady when there is no candidate or the gate has not checked it, Finding when the gate refused it or a
    month in its scope was closed since it was built, Superseded when it is not of the ``build_id`` expected or newer
    builds have published all that it holds.
    """
    with workspaces.holding(settings), exclusive(settings, workspaces.PUBLISHED):
        candidate = leave_out_replaced(settings, build_id)
        verdict = load_verdict(settings, candidate.build_id)
        if not verdict.passed:
            raise Finding(f"the gate refused build {candidate.build_id}: {'; '.join(verdict.failures)}")
        published = versions.chain(settings)
        versions.restore_link(settings, published)
        versions.remove_leftovers(settings, published)
        if candidate.build_id not in {each.build_id for each in published}:
            _require_same_closed(settings, candidate)
            if published:
                published_snapshots.catch_up(settings, published[0], candidate.scope)
            _write_version(settings, candidate, verdict, published[0] if published else None)
            replace_link(settings.published_dir / "current", f"versions/{candidate.build_id}")
            recording.record(settings, latest(settings))
        workspaces.remove_others(settings)
        published = versions.chain(settings)
        removed = versions.prune(settings, published)
        logger.info("published build %s; removed versions: %s", candidate.build_id, ", ".join(removed) or "none")
        # Not the current one where another month was published since this publication was killed.
        return next(each for each in published if each.build_id == candidate.build_id)


def leave_out_replaced(settings: Settings, build_id: str | None = None) -> Candidate:
    """Take out of the candidate what a build in another workspace has published since this one began; return the rest.

    What was taken out and differs from what is published is still pending. Raise Superseded when nothing is left.
    """
    with workspaces.holding(settings), exclusive(settings, workspaces.PUBLISHED):
        recording.record_current(settings)
        candidate = load_candidate(settings, build_id)
        with open_state(settings).connect() as connection:
            now = builds.published_by(connection)
        kept = []
        for each in candidate.scope:
            name = f"{each.provider}/{each.billing_period}"
            if now.get(name) in (candidate.replaces.get(name), candidate.build_id):
                kept.append(each)
            else:
                logger.warning("%s of build %s was published by build %s", name, candidate.build_id, now.get(name))
        if not kept or (candidate.all_or_nothing and len(kept) < len(candidate.scope)):
            raise Superseded(
                f"newer builds have published what build {candidate.build_id} holds; nothing of it is published, run "
                "`finops build` for what is still pending"
            )
        if len(kept) < len(candidate.scope):
            candidate = replace(candidate, scope=tuple(kept))
            save_candidate(settings, candidate)
        return candidate


def _require_same_closed(settings: Settings, candidate: Candidate) -> None:
    closed = closed_months(settings)
    since = [str(each) for each in candidate.billing_periods if each in closed and str(each) not in candidate.closed]
    if since:
        raise Finding(
            f"{', '.join(since)} was closed after build {candidate.build_id}, which does not compare with it as it was "
            "closed; run `finops build` again"
        )


def _write_version(settings: Settings, candidate: Candidate, verdict: Verdict, previous: Publication | None) -> None:
    def fill(building: Path) -> dict[str, Any]:
        fact = published_fact.write(settings, candidate, previous, building)
        marts = published_marts.write(settings, candidate, previous, building)
        return _manifest(candidate, verdict, previous, fact, marts)

    versions.write(settings, candidate.build_id, fill)


def _manifest(
    candidate: Candidate, verdict: Verdict, previous: Publication | None, fact: dict[str, Any], marts: dict[str, Any]
) -> dict[str, Any]:
    return {
        "build_id": candidate.build_id,
        "layout": LAYOUT,
        "previous": None if previous is None else previous.build_id,
        "published_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "billing_periods": sorted({partition.split("/")[1] for partition in fact["partitions"]}),
        "scope": [each.as_json() for each in candidate.scope],
        **_decided_by(candidate, previous),
        "fact": fact,
        **marts,
        "gate": {"passed": verdict.passed, "warnings": list(verdict.warnings)},
        **{each: {} if previous is None else previous.manifest.get(each, {}) for each in ("kpis", "results")},
    }


def _decided_by(candidate: Candidate, previous: Publication | None) -> dict[str, dict[str, str]]:
    """Return, per provider and month, the digests of what resolved its tags and divided its shared cost."""
    before = {} if previous is None else previous.manifest
    months = {f"{each.provider}/{each.billing_period}": str(each.billing_period) for each in candidate.scope}
    now = {
        "tag_policies": dict.fromkeys(months, candidate.tag_policy),
        "tag_parents": dict.fromkeys(months, candidate.tag_parents),
        "allocations": {name: candidate.allocations.get(month, "") for name, month in months.items()},
    }
    return {record: {**before.get(record, {}), **digests} for record, digests in now.items()}
