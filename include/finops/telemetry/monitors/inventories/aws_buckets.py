"""S3's buckets of all regions, named by their name as in the bill, with their lifecycle rules.

What uploads left behind is not asked for: S3 tells it object by object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories.aws_region import Account, listed, tags_of
from finops.telemetry.monitors.inventories.parts import UNKNOWN, Row, lifecycle

_ARCHIVES = frozenset({"GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"})
_NONE = {"NoSuchLifecycleConfiguration", "NoSuchTagSet", "NoSuchTagSetError"}
_DENIED = "AccessDenied"
_LIFECYCLE, _TAGS = "s3:GetLifecycleConfiguration", "s3:GetBucketTagging"
READS = ("s3:ListAllMyBuckets", "s3:GetBucketLocation", _LIFECYCLE, _TAGS)


def buckets(client: Callable[..., Any], first: str, account: Callable[[], Account]) -> Iterator[Row | Gap]:
    """Yield the account's buckets. One that its own policy closes to the login lands with what S3 lists of it."""
    closed: set[str] = set()
    for each in listed(client("s3", region=first), "list_buckets", ("Buckets",), MaxBuckets=1000):
        name = each["Name"]
        region = each.get("BucketRegion") or _region(client("s3", region=first), name)
        s3 = client("s3", region=region)
        rules, tags = _asked(s3.get_bucket_lifecycle_configuration, name), _asked(s3.get_bucket_tagging, name)
        for what, permission, found in (("lifecycle rules", _LIFECYCLE, rules), ("tags", _TAGS, tags)):
            if found is None and what not in closed:
                closed.add(what)
                yield Gap(
                    f"{what} of some buckets, the first is {name}",
                    f"the login, or their own policy, lacks {permission}",
                )
        details: dict[str, Any] = {"lifecycle_rules": UNKNOWN}
        if rules is not None:
            in_force = [_rule(rule) for rule in rules.get("Rules") or () if rule.get("Status") == "Enabled"]
            aborts = any(rule.get("abort_uploads_after_days") and not rule.get("prefix") for rule in in_force)
            details = {"lifecycle_rules": lifecycle(in_force), "has_abort_rule": aborts}
        yield {
            "account_id": account().id,
            "region": region,
            "resource_id": name,
            "created_at": each.get("CreationDate"),
            "tags": tags_of((tags or {}).get("TagSet")),
            "details": details,
        }


def _region(client: Any, bucket: str) -> str:
    # The oldest region has no name there.
    return client.get_bucket_location(Bucket=bucket).get("LocationConstraint") or "us-east-1"


def _asked(call: Callable[..., dict[str, Any]], bucket: str) -> dict[str, Any] | None:
    """Return what a bucket says of itself: nothing where there is none, None where the login may not know."""
    try:
        return call(Bucket=bucket)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code in (*_NONE, "NoSuchBucket"):
            return {}
        if code != _DENIED:
            raise
        return None


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    where = rule.get("Filter") or {}
    prefix = where.get("Prefix") or where.get("And", {}).get("Prefix") or rule.get("Prefix") or ""
    archived = [
        each["Days"]
        for each in rule.get("Transitions") or ()
        if each.get("StorageClass") in _ARCHIVES and each.get("Days") is not None
    ]
    return {
        "id": rule.get("ID"),
        "prefix": prefix,
        "archive_after_days": min(archived, default=None),
        "delete_after_days": rule.get("Expiration", {}).get("Days"),
        "abort_uploads_after_days": rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
    }
