"""Set between how many machines a model on an endpoint of Vertex AI scales."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.gcp import calls
from finops.rightsizing.actions.gcp.base import GcpAction
from finops.rightsizing.actions.gcp.calls import POLLS, Gone, act, read, send
from finops.rightsizing.actions.gcp.names import short
from finops.rightsizing.actions.model import WAIT, Busy, Live, NoCapacity, Rejected
from finops.rightsizing.models import Change

_GET, _WATCH, _CHANGE = "aiplatform.endpoints.get", "aiplatform.operations.list", "aiplatform.endpoints.deploy"
_LOCATION = re.compile(r"/locations/([^/]+)/")
_READY, _AT_WORK = "ready", "updating"
_EXHAUSTED = 8
"""How Google numbers the error that there is no capacity, or no quota left."""
_KINDS = ("dedicatedResources", "automaticResources")


class ScaleEndpoint(GcpAction):
    """Sets the fewest and the most machines of a deployed model; how many there are Vertex AI decides in between.

    Google answers with an operation: the bounds are as before until it has ended.
    """

    name = "scale_endpoint"
    summary = "set the bounds of the endpoint's scaling"
    parameters: Mapping[str, str] = {
        "variant": "its deployed model, by id",
        "minimum": "the fewest machines",
        "maximum": "the most machines",
    }
    required: ClassVar[tuple[str, ...]] = ("variant", "minimum", "maximum")
    reads: tuple[str, ...] = (_GET, _WATCH)
    acts: tuple[str, ...] = (_CHANGE,)
    resource_types: tuple[str, ...] = ("endpoint",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read what is under way, the endpoint and its deployed model."""
        try:
            # In this order: what ends between the two shows in the endpoint.
            is_busy = any(not each.get("done") for each in _operations(client, change))
            endpoint = read(change, _GET, send, client, "GET", _address(client, change))
        except Gone:
            return Live(exists=False)
        wanted = str(change.parameters.get("variant"))
        model = next((each for each in endpoint.get("deployedModels", ()) if each["id"] == wanted), None)
        kind = next((each for each in _KINDS if each in (model or {})), "")
        found = (model or {}).get(kind, {})
        least = int(found.get("minReplicaCount", 0))
        facts = {
            "has_variant": model is not None,
            "kind": kind,
            "minimum": least,
            # Without a most Google takes the least for it.
            "maximum": int(found.get("maxReplicaCount", least)),
            "required": int(found.get("requiredReplicaCount", 0)),
            "machine": found.get("machineSpec"),
        }
        state = _AT_WORK if is_busy else _READY
        return Live(exists=True, state=state, tags=endpoint.get("labels") or {}, facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse an endpoint that is being changed, a model without machines of its own, and bounds that contradict."""
        facts, variant = live.facts, change.parameters["variant"]
        low, high = _bounds(change)
        return first_reason(
            (live.state != _READY, f"its state is {live.state}"),
            (not facts["has_variant"], f"it has no deployed model {variant!r}"),
            (not facts["kind"], f"the model {variant!r} has no machines of its own: it shares those of a pool"),
            (facts["minimum"] < 1, "it scales to none, and would keep one"),
            (not 1 <= low <= high, f"the bounds contradict: minimum {low}, maximum {high}"),
            (facts["required"] > low, f"it requires {facts['required']} machines to be there: lower that first"),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Set the bounds, then wait until the operation has ended."""
        if live.state == _AT_WORK:
            return WAIT
        return None if (live.facts.get("minimum"), live.facts.get("maximum")) == _bounds(change) else "bound"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Ask for the bounds, once, and see for a short time whether that fails."""
        if not live.exists or not live.facts["kind"]:
            raise Rejected(f"the endpoint {change.target.resource_id}, or its model, is gone since the action began")
        kind, (low, high) = live.facts["kind"], _bounds(change)
        resources = {"minReplicaCount": low, "maxReplicaCount": high}
        if live.facts["machine"] is not None:
            resources["machineSpec"] = live.facts["machine"]
        body = {
            "deployedModel": {"id": change.parameters["variant"], kind: resources},
            "updateMask": f"{kind}.minReplicaCount,{kind}.maxReplicaCount",
        }
        address = f"{_address(client, change)}:mutateDeployedModel"
        operation = act(change, _CHANGE, send, client, "POST", address, json=body)
        _require_no_failure(client, change, operation)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Set the bounds as they were."""
        facts, variant = before.facts, change.parameters["variant"]
        kept = {name: facts[name] for name in ("minimum", "maximum")}
        return with_parameters(change, self.name, variant=variant, **kept)


def _bounds(change: Change) -> tuple[int, int]:
    return int(change.parameters["minimum"]), int(change.parameters["maximum"])


def _address(client: Any, change: Change) -> str:
    target = change.target
    match = _LOCATION.search(target.resource_id)
    region = match[1] if match else target.region
    name = f"projects/{target.account}/locations/{region}/endpoints/{short(target.resource_id)}"
    return f"{client.vertex_url.replace('{region}', region)}/v1/{name}"


def _operations(client: Any, change: Change) -> list[Mapping[str, Any]]:
    """Return the endpoint's changes that Google remembers, a page of the newest."""
    found = read(change, _WATCH, send, client, "GET", f"{_address(client, change)}/operations")
    return list(found.get("operations", ()))


def _require_no_failure(client: Any, change: Change, operation: Mapping[str, Any]) -> None:
    """Raise NoCapacity or Rejected where a change fails soon; what takes longer shows in the endpoint's state."""
    for _ in range(POLLS):
        if operation.get("done"):
            break
        time.sleep(calls.PAUSE_SECONDS)
        try:
            every = _operations(client, change)
        except (Busy, Gone):
            return
        operation = next((each for each in every if each["name"] == operation["name"]), operation)
    if error := operation.get("error"):
        says = f"{_CHANGE} on {change.target.resource_id}: {' '.join(str(error.get('message')).split())[:300]}"
        raise NoCapacity(says) if error.get("code") == _EXHAUSTED else Rejected(says)
