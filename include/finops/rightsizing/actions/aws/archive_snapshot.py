"""Move a snapshot to the archive tier."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.aws.base import AwsAction, with_parameters
from finops.rightsizing.actions.aws.calls import act
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.aws.snapshots import ARCHIVE, ARCHIVING, READS, STANDARD, observe_snapshot
from finops.rightsizing.actions.base import first_reason
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change


class ArchiveSnapshot(AwsAction):
    """AWS takes hours for it, and once it has begun nothing stops it: so begun is done."""

    name = "archive_snapshot"
    summary = "move the snapshot to the archive tier, for 90 days at least"
    reads: tuple[str, ...] = READS
    acts: tuple[str, ...] = ("ec2:ModifySnapshotTier",)
    resource_types: tuple[str, ...] = ("snapshot",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the snapshot, its tier and what depends on it."""
        return observe_snapshot(client, change)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse what an image or another account uses, and what shares its data: an archive stores all of it."""
        facts = live.facts
        return first_reason(
            (live.state != "completed", f"it is {live.state}"),
            (facts["images"], f"the image {next(iter(facts['images']), '')} starts machines from it"),
            (facts["is_shared"], "it is shared with other accounts, which would lose it"),
            (
                facts["others_of_volume"],
                f"{facts['others_of_volume']} other snapshots of {facts['volume']} share its data, of which an archive "
                "stores all",
            ),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Archive it."""
        is_begun = live.facts["storage_tier"] == ARCHIVE or live.facts["tiering"] == ARCHIVING
        return None if is_begun else "archive"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Begin it."""
        name = short(change.target.resource_id)
        act(client, change, "ec2:ModifySnapshotTier", SnapshotId=name, StorageTier=ARCHIVE)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Bring it back, where it was not in the archive already."""
        is_standard = before.facts["storage_tier"] == STANDARD
        return with_parameters(change, "restore_snapshot") if is_standard else None

    def fallback(self, before: Live, change: Change) -> Change | None:
        """Nothing: before the one step it is as it was, and what is being archived cannot be brought back yet."""
        return None
