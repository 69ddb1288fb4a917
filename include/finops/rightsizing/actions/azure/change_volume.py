"""Give a disk another type, as Standard SSD for Premium SSD."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions.azure import disks
from finops.rightsizing.actions.azure.base import AzureAction
from finops.rightsizing.actions.azure.calls import WATCH, begin
from finops.rightsizing.actions.azure.names import name_of
from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.model import WAIT, Live, Rejected
from finops.rightsizing.models import Change

_WRITE = "Microsoft.Compute/disks/write"
_TYPES = ("Standard_LRS", "StandardSSD_LRS", "Premium_LRS", "StandardSSD_ZRS", "Premium_ZRS")
_FREE = ("Unattached", "Reserved")


class ChangeVolume(AzureAction):
    """Done while nothing uses the disk, or its machine is deallocated. Azure takes two changes a day."""

    name = "change_volume"
    summary = "give the disk another type"
    parameters: Mapping[str, str] = {
        "volume_type": ", ".join(_TYPES),
        "from_type": "its type when planned; another one now is refused",
    }
    required: ClassVar[tuple[str, ...]] = ("volume_type",)
    reads: tuple[str, ...] = (disks.GET, WATCH)
    acts: tuple[str, ...] = (_WRITE,)
    resource_types: tuple[str, ...] = ("disk",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the disk."""
        return disks.observe_disk(client, change)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse a disk that is used or shared, and types between which Azure does not change."""
        now, wanted = live.facts["volume_type"], change.parameters["volume_type"]
        planned = change.parameters.get("from_type", now)
        is_used = live.state not in (*_FREE, "updating")
        user = live.facts["attached_to"].rpartition("/")[2]
        return first_reason(
            (now != planned, f"its type is {now}; it was {planned} when planned"),
            (wanted not in _TYPES, f"the type {wanted} is none of {', '.join(_TYPES)}"),
            (now not in _TYPES, f"its type is {now}, which Azure does not change to {wanted}"),
            (now[-3:] != wanted[-3:], f"{now} and {wanted} are kept in other places: Azure does not change between"),
            (live.facts["is_shared"], "several machines share it"),
            (is_used, f"it is {live.state}" + (f" to {user}: deallocate that first" if user else "")),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Change it, and wait until Azure is done."""
        if live.state in ("updating", "deleting"):
            return WAIT
        return None if live.facts.get("volume_type") == change.parameters["volume_type"] else "change"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Change it."""
        if live.state not in _FREE:
            raise Rejected(f"the disk is {live.state or 'gone'} since the action began")
        where, wanted = name_of(change, disks.KIND), {"sku": {"name": change.parameters["volume_type"]}}
        begin(change, _WRITE, client.compute.disks.begin_update, where.group, where.name, wanted)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Give it back its type."""
        return with_parameters(change, self.name, volume_type=before.facts["volume_type"])
