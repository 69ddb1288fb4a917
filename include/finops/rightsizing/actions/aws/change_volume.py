"""Give a volume another type, as gp3 for gp2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions.aws.base import AwsAction, with_parameters
from finops.rightsizing.actions.aws.calls import act
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.aws.volumes import last_modification, observe_volume
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change

_SSD = ("gp2", "gp3", "io1", "io2")
_MINIMUM_IOPS = 3000
_MINIMUM_THROUGHPUT = 125
_BIG_GP2_THROUGHPUT = 250
_SMALL_GP2_GIB = 170


class ChangeVolume(AwsAction):
    """Done while the volume is used. What is not said of gp3's speed is as fast as the volume was."""

    name = "change_volume"
    summary = "give the volume another type"
    parameters: Mapping[str, str] = {
        "volume_type": "gp2, gp3, io1 or io2",
        "iops": "operations a second",
        "throughput": "MiB a second, of gp3",
        "from_type": "its type when planned; another one now is refused",
    }
    required: ClassVar[tuple[str, ...]] = ("volume_type",)
    reads: tuple[str, ...] = ("ec2:DescribeVolumes", "ec2:DescribeVolumesModifications")
    acts: tuple[str, ...] = ("ec2:ModifyVolume",)
    resource_types: tuple[str, ...] = ("disk",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the volume and its last change."""
        live = observe_volume(client, change)
        if not live.exists:
            return live
        facts = {**live.facts, **last_modification(client, change)}
        return Live(exists=True, state=live.state, tags=live.tags, facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse a volume that is no SSD, is shared, has changed since planning or within six hours."""
        now, wanted = live.facts["volume_type"], change.parameters["volume_type"]
        if now != change.parameters.get("from_type", now):
            return f"its type is {now}; it was {change.parameters['from_type']} when planned"
        checks = (
            (live.state not in ("available", "in-use"), f"it is {live.state}"),
            (wanted not in _SSD, f"the type {wanted} is none of {', '.join(_SSD)}"),
            (now not in _SSD, f"its type is {now}, which is no SSD"),
            (live.facts["is_shared"], "several machines share it"),
            (
                live.facts["rests_until"] and not _is_there(live, change),
                f"it was changed in the last six hours; AWS takes the next change at {live.facts['rests_until']}",
            ),
        )
        return next((reason for is_so, reason in checks if is_so), "")

    def next_step(self, live: Live, change: Change) -> str | None:
        """Change it, and wait until AWS is done."""
        if not _is_there(live, change):
            return "change"
        return WAIT if live.facts["is_changing"] else None

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Change it."""
        act(client, change, "ec2:ModifyVolume", VolumeId=short(change.target.resource_id), **_wanted(live, change))

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Give it back its type and speed."""
        kept = {name: before.facts[name] for name in ("volume_type", "iops", "throughput")}
        if kept["volume_type"] == "gp2":
            kept["iops"] = kept["throughput"] = None
        return with_parameters(change, self.name, **kept)

    def fallback(self, before: Live, change: Change) -> Change | None:
        """Nothing: before the one step it is as it was, and after it AWS takes no other change for six hours."""
        return None


def _wanted(live: Live, change: Change) -> dict[str, Any]:
    """Return what to ask for. gp2 takes no numbers; gp3 gets at least what the volume could do so far."""
    asked, facts = change.parameters, live.facts
    wanted: dict[str, Any] = {"VolumeType": asked["volume_type"]}
    if asked["volume_type"] == "gp2":
        return wanted
    wanted["Iops"] = int(asked.get("iops") or max(_MINIMUM_IOPS, facts.get("iops") or 0))
    if asked["volume_type"] == "gp3":
        so_far = facts.get("throughput") or 0
        if facts.get("volume_type") == "gp2":
            so_far = _BIG_GP2_THROUGHPUT if facts["size_gib"] > _SMALL_GP2_GIB else _MINIMUM_THROUGHPUT
        wanted["Throughput"] = int(asked.get("throughput") or max(_MINIMUM_THROUGHPUT, so_far))
    return wanted


def _is_there(live: Live, change: Change) -> bool:
    asked = {name: change.parameters.get(name) for name in ("volume_type", "iops", "throughput")}
    return all(value is None or live.facts.get(name) == value for name, value in asked.items())
