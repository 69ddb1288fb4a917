"""Publish a month's KPIs: a version that is the one before, with the month's rows of the KPI marts replaced.

Bills, their marts and the KPIs of other months are hard links. The steps and their order are those of bills (see
``finops.transform.publish``), so every interruption is as harmless.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from finops.core.atomic import replace_link
from finops.core.errors import Finding, Superseded
from finops.core.locks import exclusive
from finops.core.settings import Settings
from finops.stores import published, workspaces
from finops.stores.candidate import Candidate, load_candidate, load_verdict
from finops.stores.published import Publication
from finops.transform import published_fact, published_marts, recording, versions
from finops.transform.kpis.service import digest

logger = logging.getLogger(__name__)


def publish(work: Settings, build_id: str) -> Publication:
    """Publish the candidate in the workspace of KPIs and return its version; the same once more changes nothing.

    Raise NotReady when the gate has not checked it, Finding when the gate refused it, Superseded when another build
    took its place, or what it was made of has been published or landed anew since.
    """
    with workspaces.holding(work), exclusive(work, workspaces.PUBLISHED):
        recording.record_current(work)
        candidate = load_candidate(work, build_id)
        verdict = load_verdict(work, build_id)
        if not verdict.passed:
            raise Finding(f"the gate refused build {build_id}: {'; '.join(verdict.failures)}")
        before = versions.chain(work)
        versions.restore_link(work, before)
        versions.remove_leftovers(work, before)
        if build_id not in {each.build_id for each in before}:
            _require_current(work, candidate)
            versions.write(work, build_id, partial(_fill, work, candidate, before[0]))
            replace_link(work.published_dir / "current", f"versions/{build_id}")
            recording.record(work, published.latest(work))
        after = versions.chain(work)
        removed = versions.prune(work, after)
        logger.info("published build %s of KPIs; removed versions: %s", build_id, ", ".join(removed) or "none")
        return next(each for each in after if each.build_id == build_id)


def _require_current(work: Settings, candidate: Candidate) -> None:
    month = candidate.billing_periods[0]
    if digest(work, month) != candidate.scope[0].input_digest:
        raise Superseded(
            f"bills or telemetry of {month} are newer than build {candidate.build_id} of KPIs; nothing of it is "
            f"published, run `finops kpis build --billing-period {month}`"
        )


def _fill(work: Settings, candidate: Candidate, previous: Publication, building: Path) -> dict[str, Any]:
    """Put the files of the version into its folder; return its manifest."""
    entry = {"build_id": candidate.build_id, "digest": candidate.scope[0].input_digest}
    return {
        **previous.manifest,
        "build_id": candidate.build_id,
        "previous": previous.build_id,
        "published_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        # No bill is replaced.
        "scope": [],
        "fact": published_fact.carry(previous, building),
        **published_marts.write(work, candidate, previous, building),
        "kpis": {**previous.manifest.get("kpis", {}), str(candidate.billing_periods[0]): entry},
    }
