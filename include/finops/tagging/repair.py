"""The exact ``aws resourcegroupstaggingapi tag-resources`` calls that would repair tags. Written, never executed.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html: at most 20 ARNs a call.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from finops.core.dimensions import ABSENT
from finops.tagging.models import Violation

ARNS_PER_CALL = 20
GUESSES = ("account",)
"""Suggestions that only say what the neighbours have."""

_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z0-9-]*):[0-9]*:[^\s\x00-\x1f]+")
_TAG_TEXT = re.compile(r"[\w\s.:/=+\-@]{1,256}")
_EC2 = {
    "i": "instance",
    "vol": "volume",
    "snap": "snapshot",
    "nat": "natgateway",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "vpce": "vpc-endpoint",
    "tgw": "transit-gateway",
    "ami": "image",
}
_EC2_ID = re.compile(r"([a-z]+)-[0-9a-f]{8,17}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{2,62}")


@dataclass(frozen=True, slots=True)
class Plan:
    """The calls, and the (resource, key) pairs left out, each with the reason."""

    calls: tuple[str, ...]
    skipped: tuple[tuple[str, str, str], ...]


def plan(violations: Iterable[Violation], *, with_guesses: bool = False) -> Plan:
    """Return the calls that give resources their suggested tags, those of one account and region together."""
    tags: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    skipped = []
    for each in violations:
        found = arn(each)
        reason = _reason(each, found, with_guesses=with_guesses)
        if reason:
            skipped.append((each.resource_id, each.tag_key, reason))
        elif found:
            tags[each.sub_account_id, _region(each, found), found][each.tag_key] = each.suggested_value
    return Plan(tuple(_calls(tags)), tuple(skipped))


def script(found: Plan) -> str:
    """Return the plan as text for a shell. What was left out stands in comments, escaped."""
    lines = [
        "#!/bin/sh",
        "# Dry run: nothing of this was executed. Each call needs credentials of the account named above it.",
        *found.calls,
        *(f"# left out: {json.dumps(r)} {key}: {reason}" for r, key, reason in found.skipped),
    ]
    return "\n".join(lines) + "\n"


def arn(violation: Violation) -> str | None:
    """Return the resource's ARN: the bill's own, or built where its short id says what it is; else None."""
    text, region, account = violation.resource_id, violation.region_id, violation.sub_account_id
    if _ARN.fullmatch(text):
        return text
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    short = _EC2_ID.fullmatch(text)
    if short and short[1] in _EC2 and region != ABSENT:
        owner = "" if short[1] == "ami" else account
        return f"arn:{partition}:ec2:{region}:{owner}:{_EC2[short[1]]}/{text}"
    if "S3" in violation.service_name or "Simple Storage" in violation.service_name:
        return f"arn:{partition}:s3:::{text}" if _BUCKET.fullmatch(text) else None
    return None


def _reason(each: Violation, found: str | None, *, with_guesses: bool) -> str | None:
    if found is None:
        return "its ARN does not follow from the bill"
    if each.suggested_value == ABSENT:
        return "no value to suggest"
    if each.suggested_by in GUESSES and not with_guesses:
        return "the value would be a guess from its account (--with-guesses takes it)"
    if not _TAG_TEXT.fullmatch(each.suggested_value):
        return "the value is none that AWS takes as a tag"
    return None


def _region(each: Violation, found: str) -> str:
    in_arn = found.split(":")[3]
    return in_arn or (each.region_id if each.region_id != ABSENT else "us-east-1")


def _calls(tags: dict[tuple[str, str, str], dict[str, str]]) -> Iterable[str]:
    alike: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for (account, region, resource), wanted in tags.items():
        alike[account, region, json.dumps(wanted, sort_keys=True)].append(resource)
    last = None
    for (account, region, values), resources in sorted(alike.items()):
        if account != last:
            yield f"# account {json.dumps(account)}"
            last = account
        for start in range(0, len(resources), ARNS_PER_CALL):
            batch = resources[start : start + ARNS_PER_CALL]
            words = ["aws", "resourcegroupstaggingapi", "tag-resources", "--region", region]
            yield shlex.join([*words, "--resource-arn-list", *batch, "--tags", values])
