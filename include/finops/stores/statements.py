"""Read published chargeback statements. Other features reach them through this module alone.

``statements/billing_period=YYYY-MM`` is a link to a complete set of files. A reader resolves it once and stays in that
set, which the next publication leaves in place: ``manifest.json`` names every file with its digest, and each audience
has a folder of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from finops.core.atomic import sha256_of
from finops.core.errors import BadInput, Finding, NotReady
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings


@dataclass(frozen=True, slots=True)
class StatementFile:
    """A file of a set: ``path`` is relative to the set's folder, ``sha256`` what its bytes must give."""

    path: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The file's name within its audience's folder."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True, slots=True)
class AudienceStatement:
    """What one audience gets. ``cost_center`` is None for the whole company; ``folder`` is no other audience's."""

    cost_center: str | None
    folder: str
    totals: tuple[dict[str, str], ...]
    files: tuple[StatementFile, ...]

    def file(self, name: str) -> StatementFile | None:
        """Return the audience's file of that name, if it has one."""
        return next((each for each in self.files if each.name == name), None)


@dataclass(frozen=True, slots=True)
class PublishedStatements:
    """The statements of one billing period. ``status`` is ``provisional`` or ``final``.

    ``costs_until`` is the last day that they have costs of, as text; None where an older release wrote them.
    """

    path: Path
    billing_period: BillingPeriod
    build_id: str
    status: str
    digest: str
    audiences: tuple[AudienceStatement, ...]
    costs_until: str | None = None

    def verified(self, file: StatementFile) -> Path:
        """Return where a file is. Raise Finding when it does not hold what the manifest says."""
        path = self.path / file.path
        found = sha256_of(path) if path.exists() else "missing"
        if found != file.sha256:
            raise Finding(
                f"{path} is not what its manifest.json lists ({found[:12]}, not {file.sha256[:12]}); "
                f"run `finops chargeback publish --billing-period {self.billing_period}` again"
            )
        return path


def published_periods(target: Path) -> list[BillingPeriod]:
    """Return the billing periods that have statements under ``target``, in order."""
    links = target.glob("billing_period=*")
    return sorted(BillingPeriod.parse(each.name.partition("=")[2]) for each in links if each.is_symlink())


def open_statements(settings: Settings, period: BillingPeriod) -> PublishedStatements:
    """Return the published statements of ``period``. Raise NotReady when there are none."""
    if not (settings.statements_dir / f"billing_period={period}").is_symlink():
        raise NotReady(
            f"there are no statements of {period}; run `finops chargeback publish --billing-period {period}` first"
        )
    return read_set(settings.statements_dir, period)


def read_set(target: Path, period: BillingPeriod) -> PublishedStatements:
    """Return the statements of ``period`` under ``target``. Raise BadInput when their manifest cannot be read."""
    path = (target / f"billing_period={period}").resolve()
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        files = tuple(StatementFile(each["path"], each["sha256"], each["size"]) for each in manifest["files"])
        audiences = tuple(_audience(each, files) for each in manifest["statements"])
        build_id, status, digest = (manifest[name] for name in ("build_id", "status", "digest"))
        return PublishedStatements(path, period, build_id, status, digest, audiences, manifest.get("costs_until"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path / 'manifest.json'} is not a manifest of statements: {error!r}") from None


def _audience(entry: dict[str, Any], files: tuple[StatementFile, ...]) -> AudienceStatement:
    folder = entry["folder"]
    own = tuple(each for each in files if PurePosixPath(each.path).parts[:-1] == (folder,))
    return AudienceStatement(entry["cost_center"], folder, tuple(entry["totals"]), own)
