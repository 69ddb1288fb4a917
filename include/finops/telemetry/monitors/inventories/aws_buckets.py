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
_LOCATION = "s3:GetBucketLocation"
READS = ("s3:ListAllMyBuckets", _LOCATION, _LIFECYCLE, _TAGS)


def buckets(client: Callable[..., Any], first: str, account: Callable[[], Account]) -> Iterator[Row | Gap]:
    """Yield the account's buckets. One that its own policy closes to the login lands with what S3 tells of it."""
    closed: set[str] = set()
    for each in listed(client("s3", region=first), "list_buckets", ("Buckets",), MaxBuckets=1000):
        name = each["Name"]
        region = each.get("BucketRegion") or _region(client("s3", region=first), name)
        if region is None:
            yield from _gap("rows of", _LOCATION, name, closed)
            continue
        s3 = client("s3", region=region)
        rules, tags = _asked(s3.get_bucket_lifecycle_configuration, name), _asked(s3.get_bucket_tagging, name)
        if rules is None:
            yield from _gap("lifecycle rules of", _LIFECYCLE, name, closed)
        if tags is None:
            yield from _gap("tags of", _TAGS, name, closed)
        yield {
            "account_id": account().id,
            "region": region,
            "resource_id": name,
            "created_at": each.get("CreationDate"),
            "tags": tags_of((tags or {}).get("TagSet")),
            "details": _details(rules),
        }


def _gap(what: str, permission: str, bucket: str, closed: set[str]) -> Iterator[Gap]:
    """Yield what is missing of the first of such buckets alone."""
    if permission not in closed:
        closed.add(permission)
        # The part has one name whichever bucket is the first: answers of a day are compared by it.
        yield Gap(f"{what} some buckets", f"the login, or their own policy, lacks {permission}; the first is {bucket}")


def _region(client: Any, bucket: str) -> str | None:
    """Return the region of a bucket that the list does not tell; None where the login may not know."""
    found = _asked(client.get_bucket_location, bucket)
    # The oldest region has no name there.
    return None if found is None else found.get("LocationConstraint") or "us-east-1"


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


def _details(rules: dict[str, Any] | None) -> dict[str, Any]:
    if rules is None:
        return {"lifecycle_rules": UNKNOWN}
    in_force = [_rule(rule) for rule in rules.get("Rules") or () if rule.get("Status") == "Enabled"]
    aborts = any(rule["abort_uploads_after_days"] and not rule["prefix"] for rule in in_force)
    return {"lifecycle_rules": lifecycle(in_force), "has_abort_rule": aborts}


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
