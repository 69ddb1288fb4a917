"""Set how many machines a deployment of Azure Machine Learning has, and between which bounds it scales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from azure.core.rest import HttpRequest

from finops.rightsizing.actions.azure import autoscale
from finops.rightsizing.actions.azure.base import AzureAction
from finops.rightsizing.actions.azure.calls import Gone, ask, begin_request, read
from finops.rightsizing.actions.azure.names import name_of
from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.model import WAIT, Live, Rejected
from finops.rightsizing.models import Change

_FOLDER = "Microsoft.MachineLearningServices/workspaces"
_READ_WORKSPACE, _READ_ENDPOINT = f"{_FOLDER}/read", f"{_FOLDER}/onlineEndpoints/read"
_READ, _WRITE = f"{_FOLDER}/onlineEndpoints/deployments/read", f"{_FOLDER}/onlineEndpoints/deployments/write"
_WATCH = "Microsoft.MachineLearningServices/locations/mfeOperationsStatus/read"
_VERSION = "2024-10-01"
_BOUNDS = ("minimum", "maximum", "default")
_READY, _STILL = "succeeded", ("succeeded", "failed", "canceled")


class ScaleEndpoint(AzureAction):
    """Sets the bounds of its autoscale setting, then the number where it is outside of them or ``desired`` is given.

    Without a setting the number is the least that is meant. The resource is the workspace: bills name no other.
    """

    name = "scale_endpoint"
    summary = "set the machines of the endpoint's deployment, and the bounds of its scaling"
    parameters: Mapping[str, str] = {
        "variant": "its deployment: ENDPOINT/DEPLOYMENT",
        "minimum": "the fewest machines",
        "maximum": "the most machines",
        "desired": "machines now; without it, as there are, within the bounds, or the fewest if nothing scales it",
        "default": "machines where its scaling measures nothing, to undo",
    }
    required: ClassVar[tuple[str, ...]] = ("variant",)
    reads: tuple[str, ...] = (_READ_WORKSPACE, _READ_ENDPOINT, _READ, _WATCH, autoscale.READ)
    acts: tuple[str, ...] = (_WRITE, autoscale.WRITE)
    resource_types: tuple[str, ...] = ("endpoint",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the workspace, the endpoint, the deployment, and the autoscale setting that decides on it."""
        endpoint, deployment = _paths(change)
        try:
            workspace = _get(client, change, _READ_WORKSPACE, _workspace(change))
        except Gone:
            return Live(exists=False)
        tags, found = dict(workspace.get("tags") or {}), {}
        try:
            if deployment:
                tags |= _get(client, change, _READ_ENDPOINT, endpoint).get("tags") or {}
                found = _get(client, change, _READ, deployment)
                tags |= found.get("tags") or {}
        except Gone:
            found = {}
        properties = found.get("properties", {})
        setting = autoscale.setting_of(client, change, deployment) if found else {}
        facts = {
            "has_deployment": bool(found),
            "desired": found.get("sku", {}).get("capacity"),
            "instance_type": properties.get("instanceType", ""),
            "is_managed": properties.get("endpointComputeType") == "Managed",
            "autoscale_setting": setting.get("name", ""),
            "profiles": len(setting.get("properties", {}).get("profiles", ())),
            **_bounds(setting),
        }
        return Live(exists=True, state=str(properties.get("provisioningState", "")).lower(), tags=tags, facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse a deployment that is not ready or not managed, a setting of several profiles, and odd bounds."""
        facts, asked, variant = live.facts, change.parameters, change.parameters["variant"]
        setting = facts["autoscale_setting"]
        reason = first_reason(
            (not facts["has_deployment"], f"it has no deployment {variant!r}"),
            (live.state != _READY, f"its state is {live.state}"),
            (not facts["is_managed"], f"the deployment {variant!r} runs on a cluster: scale that instead"),
            (facts["profiles"] > 1, f"the autoscale setting {setting!r} has several profiles: change that instead"),
            (setting and not _has_bounds(change), "its parameter minimum or maximum is missing"),
            (asked.get("desired", asked.get("minimum")) is None, "its parameter minimum or desired is missing"),
        )
        if reason:
            return reason
        number = _desired(live, change)
        low, high = int(asked.get("minimum", number)), int(asked.get("maximum", number))
        fits = 1 <= low <= number <= high
        return "" if fits else f"the bounds contradict: minimum {low}, desired {number}, maximum {high}"

    def next_step(self, live: Live, change: Change) -> str | None:
        """Set the bounds, then the number, then wait until it is ready."""
        facts = live.facts
        if not live.exists or not facts["has_deployment"]:
            return "set_number"
        if live.state not in _STILL:
            return WAIT
        # What undoes a change of before there was a setting names no bounds.
        is_bound = facts["autoscale_setting"] and _has_bounds(change)
        if is_bound and _wanted(live, change) != tuple(facts[name] for name in _BOUNDS):
            return "set_bounds"
        # A change that failed leaves the deployment so, whatever its number.
        is_there = facts["desired"] == _desired(live, change) and live.state == _READY
        return None if is_there else "set_number"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Set the bounds, or the number."""
        if not live.exists or not live.facts["has_deployment"]:
            raise Rejected(f"the deployment {change.parameters['variant']} is gone since the action began")
        _, deployment = _paths(change)
        if step == "set_bounds":
            setting = autoscale.setting_of(client, change, deployment)
            if setting:
                autoscale.set_bounds(client, change, setting, *_wanted(live, change))
            return
        number = {"sku": {"capacity": _desired(live, change)}}
        request = HttpRequest("PATCH", deployment, params={"api-version": _VERSION}, json=number)
        begin_request(change, _WRITE, client.compute, request)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Set bounds and number as they were."""
        facts = before.facts
        kept = {name: facts[name] for name in ("desired", *_BOUNDS)}
        return with_parameters(change, self.name, variant=change.parameters["variant"], **kept)


def _workspace(change: Change) -> str:
    """Return the path of the workspace. Raise Rejected for a resource that is none."""
    name_of(change, _FOLDER.lower())
    return change.target.resource_id


def _paths(change: Change) -> tuple[str, str]:
    """Return the paths of the endpoint and its deployment; empty where the variant does not name them."""
    endpoint, _, deployment = str(change.parameters.get("variant", "")).partition("/")
    if not endpoint or not deployment or "/" in deployment:
        return "", ""
    path = f"{_workspace(change)}/onlineEndpoints/{endpoint}"
    return path, f"{path}/deployments/{deployment}"


def _get(client: Any, change: Change, permission: str, path: str) -> dict[str, Any]:
    request = HttpRequest("GET", path, params={"api-version": _VERSION})
    found: dict[str, Any] = read(change, permission, ask, client.compute, request)
    return found


def _bounds(setting: Mapping[str, Any]) -> dict[str, int | None]:
    """Return what a setting of one profile keeps; of several nothing is of all."""
    profiles = setting.get("properties", {}).get("profiles", ())
    if len(profiles) != 1:
        return dict.fromkeys(_BOUNDS)
    return {name: int(profiles[0]["capacity"][name]) for name in _BOUNDS}


def _has_bounds(change: Change) -> bool:
    return all(change.parameters.get(name) is not None for name in ("minimum", "maximum"))


def _wanted(live: Live, change: Change) -> tuple[int, int, int]:
    """Return the bounds there shall be, with the usual number within them."""
    asked = change.parameters
    low, high = int(asked["minimum"]), int(asked["maximum"])
    usual = int(asked.get("default") or live.facts["default"] or low)
    return low, high, min(max(usual, low), high)


def _desired(live: Live, change: Change) -> int:
    """Return the number there shall be."""
    asked = change.parameters
    if asked.get("desired") is not None:
        return int(asked["desired"])
    if not live.facts["autoscale_setting"]:
        return int(asked["minimum"])
    return min(max(int(live.facts["desired"]), int(asked["minimum"])), int(asked["maximum"]))
