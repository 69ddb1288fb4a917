"""Set how many machines a scaling group has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.rightsizing.actions.aws import groups
from finops.rightsizing.actions.aws.base import AwsAction, with_parameters
from finops.rightsizing.actions.aws.calls import act
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change

_SIZES = {"minimum": "MinSize", "maximum": "MaxSize", "desired": "DesiredCapacity"}


class ScaleGroup(AwsAction):
    """Done when the group has the sizes; its machines come and go after that, as its policies say."""

    name = "scale_group"
    summary = "set the sizes of the scaling group"
    parameters: Mapping[str, str] = {
        "minimum": "the fewest machines",
        "maximum": "the most machines",
        "desired": "machines now; a scaling policy may change it within the two",
    }
    reads: tuple[str, ...] = groups.READS
    acts: tuple[str, ...] = ("autoscaling:UpdateAutoScalingGroup",)
    resource_types: tuple[str, ...] = ("group",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the group."""
        return groups.observe_group(client, change)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse sizes that contradict each other, and a group that is being deleted."""
        if live.state:
            return f"its state is {live.state!r}"
        if not change.parameters:
            return "none of its parameters is given"
        minimum, desired, maximum = (_size(live, change, name) for name in ("minimum", "desired", "maximum"))
        if not 0 <= minimum <= desired <= maximum:
            return f"the sizes contradict: minimum {minimum}, desired {desired}, maximum {maximum}"
        return ""

    def next_step(self, live: Live, change: Change) -> str | None:
        """Update it unless it has the sizes. A desired number that a policy has moved since is not fought over."""
        return None if all(live.facts.get(name) == int(size) for name, size in change.parameters.items()) else "update"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Set the sizes in one call."""
        sizes = {_SIZES[name]: int(size) for name, size in change.parameters.items()}
        name = short(change.target.resource_id)
        act(client, change, "autoscaling:UpdateAutoScalingGroup", AutoScalingGroupName=name, **sizes)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Set the sizes as they were."""
        return with_parameters(change, self.name, **{name: before.facts[name] for name in _SIZES})


def _size(live: Live, change: Change, name: str) -> int:
    return int(change.parameters.get(name, live.facts[name]))
