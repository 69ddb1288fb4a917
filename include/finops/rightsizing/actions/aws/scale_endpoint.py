"""Set how many machines an endpoint of SageMaker has, and between which bounds it scales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions.aws import endpoints
from finops.rightsizing.actions.aws.base import AwsAction, with_parameters
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change


class ScaleEndpoint(AwsAction):
    """Sets the bounds, then the number of machines, where it is outside of them or ``desired`` is given."""

    name = "scale_endpoint"
    summary = "set the bounds of the endpoint's scaling"
    parameters: Mapping[str, str] = {
        "variant": "its production variant",
        "minimum": "the fewest machines",
        "maximum": "the most machines",
        "desired": "machines now; without it, as many as there are, within the bounds",
        "is_scaled": "false: take its automatic scaling away, to undo",
    }
    required: ClassVar[tuple[str, ...]] = ("variant",)
    reads: tuple[str, ...] = endpoints.READS
    acts: tuple[str, ...] = endpoints.ACTS
    resource_types: tuple[str, ...] = ("endpoint",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the endpoint, the variant and its bounds."""
        return endpoints.observe_endpoint(client, change)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse an endpoint that is not in service, a variant that is not there, and bounds that contradict."""
        asked = change.parameters
        is_scaled = asked.get("is_scaled", True)
        is_unbounded = is_scaled and (asked.get("minimum") is None or asked.get("maximum") is None)
        missing = "its parameter minimum or maximum is missing" if is_unbounded else ""
        if (reason := endpoints.why_not_scale(live, change) or missing) or not is_scaled:
            return reason
        low, number, high = int(asked["minimum"]), int(asked.get("desired", asked["minimum"])), int(asked["maximum"])
        fits = 1 <= low <= number <= high
        return "" if fits else f"the bounds contradict: minimum {low}, desired {number}, maximum {high}"

    def next_step(self, live: Live, change: Change) -> str | None:
        """Set the bounds, then the number, then wait until it is in service."""
        if live.state in endpoints.AT_WORK:
            return WAIT
        bounds = (live.facts.get("minimum"), live.facts.get("maximum"))
        if not change.parameters.get("is_scaled", True):
            if bounds != (None, None):
                return "deregister"
        elif bounds != (int(change.parameters["minimum"]), int(change.parameters["maximum"])):
            return "register"
        return None if live.exists and live.facts["desired"] == _desired(live, change) else "set_number"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Set or take away the bounds, or set the number."""
        endpoints.still_there(live, change)
        asked, name = change.parameters, live.facts["name"]
        if step == "register":
            endpoints.register(client, change, name, int(asked["minimum"]), int(asked["maximum"]))
        elif step == "deregister":
            endpoints.deregister(client, change, name)
        else:
            endpoints.set_number(client, change, name, _desired(live, change))

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Set bounds and number as they were."""
        facts, variant = before.facts, change.parameters["variant"]
        if facts["minimum"] is None:
            return with_parameters(change, self.name, variant=variant, desired=facts["desired"], is_scaled=False)
        kept = {name: facts[name] for name in ("minimum", "maximum", "desired")}
        return with_parameters(change, self.name, variant=variant, **kept)


def _desired(live: Live, change: Change) -> int:
    """Return the number there shall be: what is asked for, or what there is, within the bounds."""
    asked = change.parameters
    if asked.get("desired") is not None:
        return int(asked["desired"])
    now = int(live.facts["desired"])
    if not asked.get("is_scaled", True):
        return now
    return min(max(now, int(asked["minimum"])), int(asked["maximum"]))
