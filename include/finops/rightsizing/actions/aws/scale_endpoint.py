"""Set how many machines an endpoint of SageMaker has, and between which bounds it scales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions.aws.base import AwsAction, tags_of, with_parameters
from finops.rightsizing.actions.aws.calls import AwsAccount, Gone, act, read
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.model import WAIT, Live, Rejected
from finops.rightsizing.models import Change

_NAMESPACE, _DIMENSION = "sagemaker", "sagemaker:variant:DesiredInstanceCount"
_READY = "InService"
_AT_WORK = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})


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
    reads: tuple[str, ...] = (
        "sagemaker:DescribeEndpoint",
        "sagemaker:ListTags",
        "application-autoscaling:DescribeScalableTargets",
    )
    acts: tuple[str, ...] = (
        "sagemaker:UpdateEndpointWeightsAndCapacities",
        "application-autoscaling:RegisterScalableTarget",
        "application-autoscaling:DeregisterScalableTarget",
    )
    resource_types: tuple[str, ...] = ("endpoint",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the endpoint, the variant and its bounds."""
        try:
            endpoint = _describe(client, change)
        except Gone:
            return Live(exists=False)
        tags = read(client, change, "sagemaker:ListTags", ResourceArn=endpoint["EndpointArn"])["Tags"]
        name = change.parameters.get("variant")
        variant = next((each for each in endpoint["ProductionVariants"] if each["VariantName"] == name), None)
        scaling = read(
            client,
            change,
            "application-autoscaling:DescribeScalableTargets",
            ServiceNamespace=_NAMESPACE,
            ResourceIds=[_scaled(change)],
            ScalableDimension=_DIMENSION,
        )["ScalableTargets"]
        facts = {
            "has_variant": variant is not None,
            "is_serverless": bool(variant and variant.get("CurrentServerlessConfig")),
            "desired": variant and variant.get("DesiredInstanceCount"),
            "minimum": scaling[0]["MinCapacity"] if scaling else None,
            "maximum": scaling[0]["MaxCapacity"] if scaling else None,
        }
        return Live(exists=True, state=endpoint["EndpointStatus"], tags=tags_of(tags), facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse an endpoint that is not in service, a variant that is not there, and bounds that contradict."""
        asked, variant = change.parameters, change.parameters["variant"]
        minimum, maximum = asked.get("minimum"), asked.get("maximum")
        is_scaled = asked.get("is_scaled", True)
        checks = (
            (live.state != _READY, f"its state is {live.state}"),
            (not live.facts["has_variant"], f"it has no variant {variant!r}"),
            (live.facts["is_serverless"], f"the variant {variant!r} is serverless: it has no machines"),
            (is_scaled and (minimum is None or maximum is None), "its parameter minimum or maximum is missing"),
        )
        if reason := next((reason for is_so, reason in checks if is_so), ""):
            return reason
        if not is_scaled:
            return ""
        low, number, high = int(asked["minimum"]), int(asked.get("desired", asked["minimum"])), int(asked["maximum"])
        fits = 1 <= low <= number <= high
        return "" if fits else f"the bounds contradict: minimum {low}, desired {number}, maximum {high}"

    def next_step(self, live: Live, change: Change) -> str | None:
        """Set the bounds, then the number, then wait until it is in service."""
        if live.state in _AT_WORK:
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
        if not live.exists:
            raise Rejected(f"the endpoint {change.target.resource_id} is gone since the action began")
        asked = change.parameters
        what = {"ServiceNamespace": _NAMESPACE, "ResourceId": _scaled(change), "ScalableDimension": _DIMENSION}
        if step == "register":
            bounds = {"MinCapacity": int(asked["minimum"]), "MaxCapacity": int(asked["maximum"])}
            act(client, change, "application-autoscaling:RegisterScalableTarget", **what, **bounds)
        elif step == "deregister":
            act(client, change, "application-autoscaling:DeregisterScalableTarget", **what)
        else:
            number = {"VariantName": asked["variant"], "DesiredInstanceCount": _desired(live, change)}
            act(
                client,
                change,
                "sagemaker:UpdateEndpointWeightsAndCapacities",
                EndpointName=short(change.target.resource_id),
                DesiredWeightsAndCapacities=[number],
            )

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Set bounds and number as they were."""
        facts, variant = before.facts, change.parameters["variant"]
        if facts["minimum"] is None:
            return with_parameters(change, self.name, variant=variant, desired=facts["desired"], is_scaled=False)
        kept = {name: facts[name] for name in ("minimum", "maximum", "desired")}
        return with_parameters(change, self.name, variant=variant, **kept)


def _describe(account: AwsAccount, change: Change) -> dict[str, Any]:
    try:
        return read(account, change, "sagemaker:DescribeEndpoint", EndpointName=short(change.target.resource_id))
    except Rejected as error:
        # SageMaker has no code of its own for it.
        if "Could not find" in str(error):
            raise Gone(str(error)) from error
        raise


def _scaled(change: Change) -> str:
    return f"endpoint/{short(change.target.resource_id)}/variant/{change.parameters.get('variant')}"


def _desired(live: Live, change: Change) -> int:
    """Return the number there shall be: what is asked for, or what there is, within the bounds."""
    asked = change.parameters
    if asked.get("desired") is not None:
        return int(asked["desired"])
    now = int(live.facts["desired"])
    if not asked.get("is_scaled", True):
        return now
    return min(max(now, int(asked["minimum"])), int(asked["maximum"]))
