"""Moving a snapshot takes AWS hours: an archival or restore that has begun is done, and one that failed is not."""

from __future__ import annotations

import pytest

from finops.rightsizing.actions.aws.archive_snapshot import ArchiveSnapshot
from finops.rightsizing.actions.aws.restore_snapshot import RestoreSnapshot
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change, Target

CHANGE = Change("archive_snapshot", Target("aws", "111122223333", "us-east-1", "", "snap-1"))


def live(tier: str, tiering: str) -> Live:
    facts = {"storage_tier": tier, "tiering": tiering, "images": [], "is_shared": False, "others_of_volume": 0}
    return Live(exists=True, state="completed", facts={"volume": "vol-1", **facts})


@pytest.mark.parametrize(
    ("tier", "tiering", "archive", "restore"),
    [
        ("standard", "", "archive", None),
        ("standard", "archival-in-progress", None, None),
        ("standard", "archival-failed", "archive", None),
        ("archive", "archival-completed", None, "restore"),
        ("archive", "permanent-restore-in-progress", None, None),
        ("archive", "permanent-restore-failed", None, "restore"),
        ("archive", "temporary-restore-completed", None, "restore"),
        ("standard", "permanent-restore-completed", "archive", None),
    ],
)
def test_what_aws_has_begun_is_done(tier: str, tiering: str, archive: str | None, restore: str | None) -> None:
    assert ArchiveSnapshot().next_step(live(tier, tiering), CHANGE) == archive
    assert RestoreSnapshot().next_step(live(tier, tiering), CHANGE) == restore


def test_what_was_in_the_archive_before_is_not_brought_back() -> None:
    undoing = ArchiveSnapshot().inverse(live("standard", ""), CHANGE)
    assert undoing is not None
    assert undoing.action == "restore_snapshot"
    assert ArchiveSnapshot().inverse(live("archive", "archival-completed"), CHANGE) is None
