"""Set how many machines a scale set has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions.azure import autoscale
from finops.rightsizing.actions.azure.base import AzureAction
from finops.rightsizing.actions.azure.calls import WATCH, Gone, begin, read
from finops.rightsizing.actions.azure.names import name_of
from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.model import WAIT, Live, Rejected
from finops.rightsizing.models import Change

KIND = "microsoft.compute/virtualmachinescalesets"
_GET, _WRITE = "Microsoft.Compute/virtualMachineScaleSets/read", "Microsoft.Compute/virtualMachineScaleSets/write"
_AKS = "aks-managed-"
_STILL = ("succeeded", "failed", "canceled")


class ScaleGroup(AzureAction):
    """Done when the set has the number; where an autoscale setting decides on it, that is for a person to change."""

    name = "scale_group"
    summary = "set the number of machines of the scale set"
    parameters: Mapping[str, str] = {
        "desired": "machines",
        "minimum": "the fewest that are meant: fewer are refused",
        "maximum": "the most that are meant: more are refused",
    }
    required: ClassVar[tuple[str, ...]] = ("desired",)
    reads: tuple[str, ...] = (_GET, autoscale.READ, WATCH)
    acts: tuple[str, ...] = (_WRITE,)
    resource_types: tuple[str, ...] = ("group",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the scale set, and the autoscale setting that decides on it."""
        where = name_of(change, KIND)
        try:
            found = read(change, _GET, client.compute.virtual_machine_scale_sets.get, where.group, where.name).as_dict()
        except Gone:
            return Live(exists=False)
        facts = {
            "desired": int(found.get("sku", {}).get("capacity") or 0),
            "instance_type": found.get("sku", {}).get("name", ""),
            "autoscale_setting": autoscale.setting_of(client, change, change.target.resource_id).get("name", ""),
        }
        state = str(found["properties"].get("provisioningState", "")).lower()
        return Live(exists=True, state=state, tags=found.get("tags") or {}, facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse a number outside the bounds, and a set whose number something else decides on."""
        asked = change.parameters
        desired = int(asked["desired"])
        minimum, maximum = int(asked.get("minimum", 0)), int(asked.get("maximum", desired))
        setting = live.facts["autoscale_setting"]
        is_aks = any(key.lower().startswith(_AKS) for key in live.tags)
        return first_reason(
            (live.state == "deleting", "it is being deleted"),
            (
                not 0 <= minimum <= desired <= maximum,
                f"the sizes contradict: minimum {minimum}, desired {desired}, maximum {maximum}",
            ),
            (is_aks, "it is a node pool of AKS: scale that instead"),
            (setting, f"the autoscale setting {setting!r} decides on its number: change that instead"),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Update it unless it has the number; its machines come and go after that."""
        if live.facts.get("desired") == int(change.parameters["desired"]):
            return None
        return WAIT if live.exists and live.state not in _STILL else "update"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Set the number."""
        if not live.exists:
            raise Rejected("the scale set is gone since the action began")
        where, wanted = name_of(change, KIND), {"sku": {"capacity": int(change.parameters["desired"])}}
        update = client.compute.virtual_machine_scale_sets.begin_update
        begin(change, _WRITE, update, where.group, where.name, wanted)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Set the number as it was."""
        return with_parameters(change, self.name, desired=before.facts["desired"])
