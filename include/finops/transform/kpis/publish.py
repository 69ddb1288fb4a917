"""Publish a month's KPIs beside everything else that is published."""

from __future__ import annotations

from functools import partial
from typing import Any

from finops.core.errors import Superseded
from finops.core.settings import Settings
from finops.stores.candidate import Candidate
from finops.stores.published import Publication
from finops.transform import layer_publication
from finops.transform.kpis.service import digest


def publish(work: Settings, build_id: str) -> Publication:
    """Publish the candidate in the workspace of KPIs and return its version; the same once more changes nothing.

    Raise what ``layer_publication.publish`` raises, and Superseded when what it was made of has been published or
    landed anew since.
    """
    return layer_publication.publish(work, build_id, _entry, partial(_require_current, work))


def _require_current(work: Settings, candidate: Candidate) -> None:
    month = candidate.billing_periods[0]
    if digest(work, month) != candidate.scope[0].input_digest:
        raise Superseded(
            f"bills or telemetry of {month} are newer than build {candidate.build_id} of KPIs; nothing of it is "
            f"published, run `finops kpis build --billing-period {month}`"
        )


def _entry(candidate: Candidate, previous: Publication) -> dict[str, Any]:
    entry = {"build_id": candidate.build_id, "digest": candidate.scope[0].input_digest}
    return {"kpis": {**previous.manifest.get("kpis", {}), str(candidate.billing_periods[0]): entry}}
