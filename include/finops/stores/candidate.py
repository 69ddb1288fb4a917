"""The build that waits for the gate, and the gate's verdict, handed from process to process through files.

``candidate.json`` in a workspace names the build that is in it; ``quality/<build_id>/gate.json`` is the gate's verdict
on it. Only a candidate with a passing verdict of its own is published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from finops.core.atomic import write_whole
from finops.core.errors import NotReady, Superseded
from finops.core.machine import Damaged
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings

BILLS, KPIS = "bills", "kpis"
"""The layers that dbt builds and that are published apart: the fact with its marts, and the KPIs of what is published.

The results of each feature are a layer of its name (see ``finops.stores.results``).
"""


@dataclass(frozen=True, slots=True)
class BuiltPeriod:
    """One (provider, billing period) of the candidate, the deliveries it was built from and their digest."""

    provider: Provider
    billing_period: BillingPeriod
    input_digest: str
    deliveries: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> BuiltPeriod:
        """Read what ``as_json`` wrote; what versions before the history wrote names no deliveries."""
        period = BillingPeriod.parse(found["billing_period"])
        return cls(Provider(found["provider"]), period, found["input_digest"], tuple(found.get("deliveries", ())))

    def as_json(self) -> dict[str, Any]:
        """Return it as the candidate's file and the published manifest hold it."""
        return {
            "provider": self.provider,
            "billing_period": str(self.billing_period),
            "input_digest": self.input_digest,
            "deliveries": list(self.deliveries),
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """A finished dbt build that is not published yet."""

    build_id: str
    scope: tuple[BuiltPeriod, ...]
    tag_policy: str = ""
    """Digest of the tag policy and rules that its tags were resolved by."""
    tag_parents: str = ""
    """Digest of the parents among them."""
    allocations: Mapping[str, str] = field(default_factory=dict)
    """Per month in scope the digest of what its shared cost was divided by."""
    closed: tuple[str, ...] = ()
    """The months in scope that were closed when it was built: their rows are compared with as they were closed."""
    replaces: Mapping[str, str] = field(default_factory=dict)
    """The build that had last published each ``provider/YYYY-MM`` in scope when this one began."""
    all_or_nothing: bool = False
    """Its files are laid out as those of the published version are not: none of its periods can be held back."""
    layer: str = BILLS
    """What it is a build of; of KPIS the scope is one month, and ``input_digest`` that of all they are made of."""
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of a feature's results: each table, and the months (YYYY-MM) of it that are replaced. They have no scope."""
    made_of: str = ""
    """Of a feature's results: digest of what they were made of."""

    @property
    def billing_periods(self) -> list[BillingPeriod]:
        """The months in scope, each once, in order."""
        months = {month for some in self.tables.values() for month in some}
        return sorted({each.billing_period for each in self.scope} | set(map(BillingPeriod.parse, months)))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A (provider, billing period) that the gate took out of a candidate, and the expectations that it broke."""

    provider: str
    billing_period: str
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of a candidate. ``failures`` block; ``warnings`` are only shown.

    ``refused`` are the periods that were held back so that the others could pass.
    """

    build_id: str
    passed: bool
    failures: tuple[str, ...]
    warnings: tuple[str, ...]
    refused: tuple[Refusal, ...] = ()
    beside: str | None = None
    """The published version that the candidate was checked beside; None: there was none."""


def save_candidate(settings: Settings, candidate: Candidate) -> None:
    """Write the candidate into the workspace."""
    scope = [each.as_json() for each in candidate.scope]
    content = asdict(candidate) | {"scope": scope}
    write_whole(_path(settings), json.dumps(content, indent=2, sort_keys=True))


def discard_candidate(settings: Settings) -> None:
    """Remove the candidate: from here on the workspace is not what it says."""
    _path(settings).unlink(missing_ok=True)


def build_id_of(settings: Settings) -> str | None:
    """Return the finished build that the workspace holds; None where it holds none, or one that cannot be read."""
    path = _path(settings)
    if not path.exists():
        return None
    try:
        return str(_read(path)["build_id"])
    except (Damaged, KeyError):
        return None


def load_candidate(settings: Settings, build_id: str | None = None) -> Candidate:
    """Read the candidate in the workspace.

    Raise NotReady when no build has finished, Superseded when it is not of the build expected.
    """
    path = _path(settings)
    if not path.exists():
        raise NotReady("there is no finished build to check or publish; run `finops build`")
    found = _read(path)
    if build_id not in (None, found["build_id"]):
        raise Superseded(
            f"build {build_id} is no longer in its workspace, build {found['build_id']} has taken its place; "
            "nothing of it is published, run `finops build` for what is still pending"
        )
    scope = tuple(map(BuiltPeriod.from_json, found["scope"]))
    digests = (found.get("tag_policy", ""), found.get("tag_parents", ""), found.get("allocations", {}))
    closed = tuple(found.get("closed", ()))
    replaces = found.get("replaces", {})
    how = found.get("all_or_nothing", False), found.get("layer", BILLS)
    tables = {name: tuple(months) for name, months in found.get("tables", {}).items()}
    return Candidate(found["build_id"], scope, *digests, closed, replaces, *how, tables, found.get("made_of", ""))


def save_verdict(settings: Settings, verdict: Verdict) -> None:
    """Write the gate's verdict."""
    path = settings.quality_dir / verdict.build_id / "gate.json"
    write_whole(path, json.dumps(asdict(verdict), indent=2, sort_keys=True))


def load_verdict(settings: Settings, build_id: str) -> Verdict:
    """Read the gate's verdict on a build. Raise NotReady when the gate has not checked it."""
    path = settings.quality_dir / build_id / "gate.json"
    if not path.exists():
        raise NotReady(f"the gate has not checked build {build_id} yet")
    found = _read(path)
    refused = (
        Refusal(each["provider"], each["billing_period"], tuple(each["failures"])) for each in found.get("refused", ())
    )
    lines = (tuple(found["failures"]), tuple(found["warnings"]))
    return Verdict(found["build_id"], found["passed"], *lines, tuple(refused), found.get("beside"))


def _path(settings: Settings) -> Path:
    return settings.warehouse_dir / "candidate.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise Damaged(f"{path} is damaged; run `finops build`, which makes it again", path) from None
