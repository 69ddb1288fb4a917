"""Tag a resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.rightsizing.actions.aws.base import AwsAction, tag_list, tags_of, with_parameters
from finops.rightsizing.actions.aws.calls import Gone, act, read
from finops.rightsizing.actions.aws.names import arn_of, service_of, short
from finops.rightsizing.actions.base import RESERVED
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change, ResourceType

_MOST, _LONGEST_KEY, _LONGEST_VALUE = 50, 128, 256


class Tag(AwsAction):
    """Sets some tags and leaves the others; undone by their earlier values."""

    name = "tag"
    summary = "tag the resource"
    parameters: Mapping[str, str] = {"tags": "tags to set", "remove": "keys to take away, to undo"}
    reads: tuple[str, ...] = (
        "ec2:DescribeTags",
        "autoscaling:DescribeAutoScalingGroups",
        "tag:GetResources",
        "s3:GetBucketTagging",
    )
    acts: tuple[str, ...] = (
        "ec2:CreateTags",
        "ec2:DeleteTags",
        "autoscaling:CreateOrUpdateTags",
        "autoscaling:DeleteTags",
        "tag:TagResources",
        "tag:UntagResources",
        # What the tagging service does on behalf of whoever calls it.
        "s3:PutBucketTagging",
        "sagemaker:AddTags",
        "sagemaker:DeleteTags",
        "elasticloadbalancing:AddTags",
        "elasticloadbalancing:RemoveTags",
    )
    resource_types: tuple[str, ...] = tuple(ResourceType)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the tags. What has none yet cannot be told from what is gone, except for a group."""
        match service_of(change.target.resource_id):
            case "ec2":
                filters = [{"Name": "resource-id", "Values": [short(change.target.resource_id)]}]
                found = read(client, change, "ec2:DescribeTags", Filters=filters)["Tags"]
            case "autoscaling":
                name = short(change.target.resource_id)
                groups = read(client, change, "autoscaling:DescribeAutoScalingGroups", AutoScalingGroupNames=[name])
                if not groups["AutoScalingGroups"]:
                    return Live(exists=False)
                found = groups["AutoScalingGroups"][0].get("Tags", [])
            case _:
                answer = read(client, change, "tag:GetResources", ResourceARNList=[arn_of(change.target)])
                found = [tag for each in answer["ResourceTagMappingList"] for tag in each["Tags"]]
        return Live(exists=True, tags=tags_of(found))

    def objection(self, live: Live, change: Change) -> str:
        """Refuse what AWS does not take, and tags that permit or forbid actions."""
        tags = _tags(change)
        keys = [*tags, *change.parameters.get("remove", ())]
        too_long = [k for k, v in tags.items() if len(k) > _LONGEST_KEY or len(v) > _LONGEST_VALUE]
        checks = (
            (not keys, "its parameter tags is missing"),
            (any(key.lower().startswith("aws:") for key in keys), "tags that begin with aws: are AWS's own"),
            (RESERVED.intersection(keys), f"{', '.join(sorted(RESERVED.intersection(keys)))}: a person sets that tag"),
            (too_long, f"the tag {next(iter(too_long), '')[:20]!r} is longer than AWS takes"),
            (len({*live.tags, *tags}) > _MOST, f"it would have more than {_MOST} tags"),
        )
        return next((reason for is_so, reason in checks if is_so), "")

    def next_step(self, live: Live, change: Change) -> str | None:
        """Set what is not so, then take away what shall go."""
        if any(live.tags.get(key) != value for key, value in _tags(change).items()):
            return "set"
        return "remove" if any(key in live.tags for key in change.parameters.get("remove", ())) else None

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Set or take away."""
        tags = _tags(change) if step == "set" else dict.fromkeys(change.parameters.get("remove", ()), "")
        resource, is_set = change.target.resource_id, step == "set"
        match service_of(resource):
            case "ec2":
                permission = "ec2:CreateTags" if is_set else "ec2:DeleteTags"
                pairs = tag_list(tags) if is_set else [{"Key": key} for key in tags]
                act(client, change, permission, Resources=[short(resource)], Tags=pairs)
            case "autoscaling":
                permission = "autoscaling:CreateOrUpdateTags" if is_set else "autoscaling:DeleteTags"
                act(
                    client,
                    change,
                    permission,
                    Tags=[_of_group(short(resource), key, value) for key, value in tags.items()],
                )
            case _ if is_set:
                answer = act(client, change, "tag:TagResources", ResourceARNList=[arn_of(change.target)], Tags=tags)
                _raise_failed(answer)
            case _:
                arns = [arn_of(change.target)]
                _raise_failed(act(client, change, "tag:UntagResources", ResourceARNList=arns, TagKeys=list(tags)))

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Set the earlier values, and take away what was not there."""
        touched = [*_tags(change), *change.parameters.get("remove", ())]
        earlier = {key: before.tags[key] for key in touched if key in before.tags}
        new = [key for key in touched if key not in before.tags]
        return with_parameters(change, self.name, tags=earlier or None, remove=new or None)


def _tags(change: Change) -> dict[str, str]:
    return {str(key): str(value) for key, value in change.parameters.get("tags", {}).items()}


def _of_group(name: str, key: str, value: str) -> dict[str, Any]:
    of = {"ResourceId": name, "ResourceType": "auto-scaling-group"}
    return {**of, "Key": key, "Value": value, "PropagateAtLaunch": True}


def _raise_failed(answer: Mapping[str, Any]) -> None:
    for resource, failure in answer.get("FailedResourcesMap", {}).items():
        says = f"{resource}: {failure.get('ErrorCode')}: {failure.get('ErrorMessage')}"
        raise Gone(says) if failure.get("ErrorCode") == "InvalidParameterException" else Rejected(says)
