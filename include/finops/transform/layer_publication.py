"""Publish a layer beside the bills: the version before, with the candidate's months of the layer's marts replaced.

Bills, their marts and the other layers are hard links. The steps and their order are those of bills (see
``finops.transform.publish``), so every interruption is as harmless.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from finops.core.atomic import replace_link
from finops.core.errors import Finding
from finops.core.locks import exclusive
from finops.core.settings import Settings
from finops.stores import published, workspaces
from finops.stores.candidate import Candidate, load_candidate, load_verdict
from finops.stores.published import Publication
from finops.transform import published_fact, published_marts, recording, versions

logger = logging.getLogger(__name__)

Entry = Callable[[Candidate, Publication], dict[str, Any]]
"""What a candidate changes in the manifest of the version before, beside its marts."""


def publish(work: Settings, build_id: str, entry: Entry, check: Callable[[Candidate], None]) -> Publication:
    """Publish the candidate in the layer's workspace and return its version; the same once more changes nothing.

    ``check`` raises what forbids it now. Raise NotReady when the gate has not checked it, Finding when the gate refused
    it, Superseded when another build took its place.
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
            check(candidate)
            versions.write(work, build_id, partial(_fill, work, candidate, before[0], entry))
            replace_link(work.published_dir / "current", f"versions/{build_id}")
            recording.record(work, published.latest(work))
        after = versions.chain(work)
        removed = versions.prune(work, after)
        name = candidate.layer
        logger.info("published build %s of %s; removed versions: %s", build_id, name, ", ".join(removed) or "none")
        return next(each for each in after if each.build_id == build_id)


def _fill(work: Settings, candidate: Candidate, previous: Publication, entry: Entry, building: Path) -> dict[str, Any]:
    """Put the files of the version into its folder; return its manifest."""
    return {
        **previous.manifest,
        "build_id": candidate.build_id,
        "previous": previous.build_id,
        "published_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        # No bill is replaced.
        "scope": [],
        "fact": published_fact.carry(previous, building),
        **published_marts.write(work, candidate, previous, building),
        **entry(candidate, previous),
    }
