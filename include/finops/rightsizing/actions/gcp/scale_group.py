"""Set how many machines a managed instance group has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.gcp.base import GcpAction
from finops.rightsizing.actions.gcp.calls import WATCH, Gone, begin, read
from finops.rightsizing.actions.gcp.names import is_regional_group, name_of, short
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

_GET, _GET_SCALER = "compute.instanceGroupManagers.get", "compute.autoscalers.get"
_RESIZE, _UPDATE = "compute.instanceGroupManagers.update", "compute.autoscalers.update"
_GKE = "gke-"


class ScaleGroup(GcpAction):
    """The bounds of the group's autoscaler, or the number of machines where it has none.

    Done when they are set; machines come and go after that.
    """

    name = "scale_group"
    summary = "set the sizes of the instance group"
    parameters: Mapping[str, str] = {
        "minimum": "the fewest machines, where an autoscaler decides",
        "maximum": "the most machines, where an autoscaler decides",
        "desired": "machines, where no autoscaler decides",
    }
    reads: tuple[str, ...] = (_GET, _GET_SCALER, WATCH)
    acts: tuple[str, ...] = (_RESIZE, _UPDATE)
    resource_types: tuple[str, ...] = ("group",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the group and its autoscaler."""
        if is_regional_group(change.target.resource_id):
            return Live(exists=True, facts={"is_regional": True})
        where = name_of(change)
        asked = {"project": where.project, "zone": where.zone}
        try:
            group = read(
                change, _GET, client.instance_group_managers.get, {**asked, "instance_group_manager": where.name}
            )
        except Gone:
            return Live(exists=False)
        scaler = short(group.status.autoscaler)
        facts: dict[str, Any] = {"is_regional": False, "autoscaler": scaler, "minimum": None, "maximum": None}
        if scaler:
            found = read(change, _GET_SCALER, client.autoscalers.get, {**asked, "autoscaler": scaler})
            policy = found.autoscaling_policy
            facts |= {"minimum": policy.min_num_replicas, "maximum": policy.max_num_replicas}
        return Live(exists=True, facts=facts | {"desired": group.target_size})

    def objection(self, live: Live, change: Change) -> str:
        """Refuse sizes that contradict each other, or that nothing there would follow."""
        if live.facts["is_regional"]:
            return "it has machines in several zones; only groups of one zone are changed"
        if not change.parameters:
            return "none of its parameters is given"
        is_scaled = bool(live.facts["autoscaler"])
        desired = int(change.parameters.get("desired", live.facts["desired"]))
        minimum = int(_size(live, change, "minimum", 0))
        maximum = int(_size(live, change, "maximum", max(desired, minimum)))
        is_out = "desired" in change.parameters and not minimum <= desired <= maximum
        return first_reason(
            (short(change.target.resource_id).startswith(_GKE), "it is a node pool of GKE: scale that instead"),
            (
                not 0 <= minimum <= maximum or is_out,
                f"the sizes contradict: minimum {minimum}, desired {desired}, maximum {maximum}",
            ),
            (not is_scaled and "desired" not in change.parameters, "it has no autoscaler, so it needs desired"),
            (is_scaled and not _bounds(change), "its autoscaler decides on its number: give minimum and maximum"),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Set what is not so."""
        if live.facts.get("autoscaler"):
            return None if all(live.facts[name] == size for name, size in _bounds(change).items()) else "bound"
        return None if live.facts.get("desired") == int(change.parameters.get("desired", -1)) else "resize"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Set the bounds, or the number."""
        if not live.exists:
            raise Rejected("the group is gone since the action began")
        where = name_of(change)
        if step == "resize":
            request = {"instance_group_manager": where.name, "size": int(change.parameters["desired"])}
            begin(client, change, _RESIZE, client.instance_group_managers.resize_unary, where, token, request)
            return
        bounds = {**{name: live.facts[name] for name in ("minimum", "maximum")}, **_bounds(change)}
        policy = {"min_num_replicas": bounds["minimum"], "max_num_replicas": bounds["maximum"]}
        scaler = live.facts["autoscaler"]
        request = {"autoscaler": scaler, "autoscaler_resource": {"name": scaler, "autoscaling_policy": policy}}
        begin(client, change, _UPDATE, client.autoscalers.patch_unary, where, token, request)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Set the sizes as they were."""
        if before.facts["autoscaler"]:
            return with_parameters(change, self.name, minimum=before.facts["minimum"], maximum=before.facts["maximum"])
        return with_parameters(change, self.name, desired=before.facts["desired"])


def _bounds(change: Change) -> dict[str, int]:
    return {name: int(change.parameters[name]) for name in ("minimum", "maximum") if name in change.parameters}


def _size(live: Live, change: Change, name: str, otherwise: int) -> int:
    there = live.facts[name]
    return int(change.parameters.get(name, otherwise if there is None else there))
