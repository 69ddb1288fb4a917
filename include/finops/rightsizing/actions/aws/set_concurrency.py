"""Set how much concurrency a serverless endpoint of SageMaker keeps ready."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions.aws.base import AwsAction, tags_of, with_parameters
from finops.rightsizing.actions.aws.calls import Gone, act, read
from finops.rightsizing.actions.aws.endpoints import (
    AT_WORK,
    CONCURRENCY,
    READS,
    READY,
    bounds_of,
    describe,
    still_there,
    variant_of,
)
from finops.rightsizing.actions.base import first_reason
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change

_MOST = 200


class SetConcurrency(AwsAction):
    """Sets the provisioned concurrency of a variant that has some. AWS takes no fewer than one."""

    name = "set_concurrency"
    summary = "set the provisioned concurrency of the endpoint"
    parameters: Mapping[str, str] = {
        "variant": "its production variant",
        "concurrency": "how many requests at once it is kept ready for, 1 or more",
        "from_concurrency": "its number when planned; another one now is refused",
    }
    required: ClassVar[tuple[str, ...]] = ("variant", "concurrency")
    reads: tuple[str, ...] = READS
    acts: tuple[str, ...] = ("sagemaker:UpdateEndpointWeightsAndCapacities",)
    resource_types: tuple[str, ...] = ("endpoint",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the endpoint, the variant, and between which numbers its concurrency is scaled."""
        try:
            endpoint = describe(client, change)
        except Gone:
            return Live(exists=False)
        tags = read(client, change, "sagemaker:ListTags", ResourceArn=endpoint["EndpointArn"])["Tags"]
        variant = variant_of(endpoint, change)
        asked = variant and (variant.get("DesiredServerlessConfig") or variant.get("CurrentServerlessConfig"))
        least, most = bounds_of(client, change, endpoint, CONCURRENCY)
        facts = {
            "name": endpoint["EndpointName"],
            "has_variant": variant is not None,
            "concurrency": asked.get("ProvisionedConcurrency", 0) if asked else None,
            "max_concurrency": asked.get("MaxConcurrency") if asked else None,
            "minimum": least,
            "maximum": most,
        }
        return Live(exists=True, state=endpoint["EndpointStatus"], tags=tags_of(tags), facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse what is not in service or not serverless, numbers that AWS does not take or scaling undoes."""
        asked, facts = change.parameters, live.facts
        name, wanted, now = asked["variant"], int(asked["concurrency"]), facts["concurrency"]
        planned, low, high = asked.get("from_concurrency"), facts["minimum"], facts["maximum"]
        limit = min(facts["max_concurrency"] or _MOST, _MOST)
        return first_reason(
            (live.state != READY, f"its state is {live.state}"),
            (not facts["has_variant"], f"it has no variant {name!r}"),
            (now is None, f"the variant {name!r} is not serverless"),
            (now == 0, f"the variant {name!r} has no provisioned concurrency, which its configuration alone gives it"),
            (planned is not None and now != planned, f"its concurrency is {now}; it was {planned} when planned"),
            (not 1 <= wanted <= limit, f"{wanted} is not 1 to {limit}, the most that may run at once"),
            (low is not None and not low <= wanted <= high, f"its scaling keeps it between {low} and {high}"),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Set it, then wait until it is in service."""
        if live.state in AT_WORK:
            return WAIT
        return None if live.exists and live.facts["concurrency"] == int(change.parameters["concurrency"]) else self.name

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Set it."""
        still_there(live, change)
        wanted = {
            "VariantName": change.parameters["variant"],
            "ServerlessUpdateConfig": {"ProvisionedConcurrency": int(change.parameters["concurrency"])},
        }
        act(
            client,
            change,
            "sagemaker:UpdateEndpointWeightsAndCapacities",
            EndpointName=live.facts["name"],
            DesiredWeightsAndCapacities=[wanted],
        )

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Set it as it was."""
        variant = change.parameters["variant"]
        return with_parameters(change, self.name, variant=variant, concurrency=before.facts["concurrency"])
