"""The types of the delivery feature: an audience's package, where it goes, and what became of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from finops.core.periods import BillingPeriod

MANIFEST = "manifest.json"


def digest_of(status: str, files: Iterable[tuple[str, str]]) -> str:
    """Return the digest of a package from the digests and names of its files, in the order of their names."""
    lines = [status, *(f"{sha256}  {name}" for sha256, name in files)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PackageFile:
    """One file of a package; its bytes were checked against the digest."""

    name: str
    content: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Package:
    """All that one audience gets for one billing period. ``folder`` is the audience's name in paths."""

    cost_center: str | None
    folder: str
    billing_period: BillingPeriod
    build_id: str
    status: str
    totals: tuple[dict[str, str], ...]
    files: tuple[PackageFile, ...]

    @property
    def is_final(self) -> bool:
        """Whether the month is closed, so that no other statement follows."""
        return self.status == "final"

    @property
    def digest(self) -> str:
        """Digest of what is delivered: the same package has the same digest."""
        return digest_of(self.status, ((each.sha256, each.name) for each in self.files))

    @property
    def path(self) -> str:
        """Where it lies below a target's prefix; no other audience's package can be there."""
        return f"billing_period={self.billing_period}/{self.folder}"

    def manifest(self, prefix: str = "") -> bytes:
        """Return the list of the files, each under its name with ``prefix`` before it."""
        files = [{"path": f"{prefix}{f.name}", "sha256": f.sha256, "size": len(f.content)} for f in self.files]
        content = {
            "billing_period": str(self.billing_period),
            "cost_center": self.cost_center,
            "status": self.status,
            "build_id": self.build_id,
            "digest": self.digest,
            "files": files,
        }
        return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


class Result(StrEnum):
    """What became of a package at one target; ``held`` is mail that waits for the final statement."""

    PLANNED = "planned"
    DELIVERED = "delivered"
    UNCHANGED = "unchanged"
    HELD = "held"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A package at one target. ``reason`` is why it failed, ``is_retryable`` whether trying again can help."""

    cost_center: str | None
    target: str
    result: Result
    digest: str
    files: tuple[str, ...]
    reason: str | None = None
    is_retryable: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """All targets of a billing period; who has targets but no statement, and who has a statement but no target."""

    billing_period: BillingPeriod
    outcomes: tuple[Outcome, ...]
    without_statement: tuple[str | None, ...]
    without_target: tuple[str | None, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """What could not be delivered."""
        return tuple(each for each in self.outcomes if each.result is Result.FAILED)
