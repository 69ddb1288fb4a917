"""Bring a snapshot back from the archive tier."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.aws.base import AwsAction, with_parameters
from finops.rightsizing.actions.aws.calls import act
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.aws.snapshots import ARCHIVING, READS, RESTORING, STANDARD, observe_snapshot
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change


class RestoreSnapshot(AwsAction):
    """What undoes ``archive_snapshot``. AWS takes up to 72 hours for it: so begun is done."""

    name = "restore_snapshot"
    summary = "bring the snapshot back from the archive tier"
    reads: tuple[str, ...] = READS
    acts: tuple[str, ...] = ("ec2:RestoreSnapshotTier",)
    resource_types: tuple[str, ...] = ("snapshot",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the snapshot and its tier."""
        return observe_snapshot(client, change)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse what is on its way into the archive: nothing stops that."""
        return "it is still being archived; try again in some hours" if live.facts["tiering"] == ARCHIVING else ""

    def next_step(self, live: Live, change: Change) -> str | None:
        """Bring it back."""
        is_begun = live.facts["storage_tier"] == STANDARD or live.facts["tiering"] == RESTORING
        return None if is_begun else "restore"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Begin it."""
        name = short(change.target.resource_id)
        act(client, change, "ec2:RestoreSnapshotTier", SnapshotId=name, PermanentRestore=True)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Archive it again."""
        return with_parameters(change, "archive_snapshot")

    def fallback(self, before: Live, change: Change) -> Change | None:
        """Nothing: before the one step it is as it was."""
        return None
