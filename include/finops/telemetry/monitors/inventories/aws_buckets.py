"""S3's buckets of all regions, named by their name as in the bill: lifecycle rules, size, and unfinished uploads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories import aws_metrics
from finops.telemetry.monitors.inventories.aws_region import Account, AwsRegion, listed, tags_of
from finops.telemetry.monitors.inventories.parts import UNKNOWN, Row, lifecycle

_ARCHIVES = frozenset({"GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"})
_NONE = {"NoSuchLifecycleConfiguration", "NoSuchTagSet", "NoSuchTagSetError"}
_DENIED, _GONE, _ENDED = "AccessDenied", "NoSuchBucket", "NoSuchUpload"
_LIFECYCLE, _TAGS = "s3:GetLifecycleConfiguration", "s3:GetBucketTagging"
_LOCATION, _UPLOADS, _PARTS = (
    "s3:GetBucketLocation",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
)
READS = ("s3:ListAllMyBuckets", _LOCATION, _LIFECYCLE, _TAGS, _UPLOADS, _PARTS, aws_metrics.METRIC_LIST)

MOST_UPLOADS = 1_000
"""Unfinished uploads of a bucket whose parts are counted, each by a request."""
UNDER_WAY = timedelta(days=7)
"""An upload that began later may still end: the longest that S3 signs one for."""
_SIZE_DAYS = 3
"""S3 tells a size once a day, a day or two later."""
_GIB = 2**30


@dataclass(slots=True)
class _Seen:
    """What was said already, and the size of buckets in bytes by region."""

    closed: set[str] = field(default_factory=set)
    sizes: dict[str, Mapping[str, float]] = field(default_factory=dict)


def buckets(region_of: Callable[[str], AwsRegion], first: str, account: Callable[[], Account]) -> Iterator[Row | Gap]:
    """Yield the account's buckets. One that its own policy closes to the login lands with what S3 tells of it."""
    seen, s3_there = _Seen(), region_of(first).client("s3")
    for each in listed(s3_there, "list_buckets", ("Buckets",), MaxBuckets=1000):
        name = each["Name"]
        where = each.get("BucketRegion") or _region(s3_there, name)
        if where is None:
            yield from _gap("rows of", _LOCATION, name, seen)
            continue
        region = region_of(where)
        yield from _sizes(region, seen)
        s3 = region.client("s3")
        rules, tags = _asked(s3.get_bucket_lifecycle_configuration, name), _asked(s3.get_bucket_tagging, name)
        uploads, lacks = _uploads(s3, name)
        if rules is None:
            yield from _gap("lifecycle rules of", _LIFECYCLE, name, seen)
        if tags is None:
            yield from _gap("tags of", _TAGS, name, seen)
        if lacks:
            yield from _gap("unfinished uploads of", lacks, name, seen)
        size = seen.sizes[where].get(name)
        yield {
            "account_id": account().id,
            "region": where,
            "resource_id": name,
            "size_gb": None if size is None else size / _GIB,
            "created_at": each.get("CreationDate"),
            "tags": tags_of((tags or {}).get("TagSet")),
            "details": _details(rules) | uploads,
        }
        if uploads.get("incomplete_uploads") == MOST_UPLOADS and "more" not in seen.closed:
            seen.closed.add("more")
            says = f"no more than {MOST_UPLOADS:,} of a bucket are counted; the first with so many is {name}"
            yield Gap("further unfinished uploads of some buckets", says)


def _sizes(region: AwsRegion, seen: _Seen) -> Iterator[Gap]:
    """Ask for the sizes of all buckets of a region, once; yield what is missing."""
    if region.name in seen.sizes:
        return
    seen.sizes[region.name] = {}
    what = "size of buckets"
    every = aws_metrics.listed_of(region, what, "AWS/S3", "BucketSizeBytes", "Average")
    if isinstance(every, Gap):
        yield every
        return
    counted = aws_metrics.by_day(region, what, every, _SIZE_DAYS)
    if isinstance(counted, Gap):
        yield counted
        return
    sizes: dict[str, float] = defaultdict(float)
    for each, days in counted.items():
        # A metric is of one storage class; parts of unfinished uploads are in it.
        if days:
            sizes[dict(each.dimensions)["BucketName"]] += days[max(days)]
    seen.sizes[region.name] = sizes


def _uploads(client: Any, bucket: str) -> tuple[dict[str, int], str]:
    """Return what unfinished uploads hold, in bytes, and the permission that is missing to know it, if any."""
    newest = datetime.now(UTC) - UNDER_WAY
    held, number, needed = 0, 0, _UPLOADS
    try:
        every = listed(client, "list_multipart_uploads", ("Uploads",), Bucket=bucket)
        for each in islice((one for one in every if one["Initiated"] <= newest), MOST_UPLOADS):
            number, needed = number + 1, _PARTS
            held += _held(client, bucket, each)
            needed = _UPLOADS
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code == _DENIED:
            return {}, needed
        if code != _GONE:
            raise
    return {"incomplete_upload_bytes": held, "incomplete_uploads": number}, ""


def _held(client: Any, bucket: str, upload: Mapping[str, Any]) -> int:
    what = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
    try:
        return sum(each["Size"] for each in listed(client, "list_parts", ("Parts",), **what))
    except ClientError as error:
        # It has ended meanwhile.
        if error.response.get("Error", {}).get("Code") == _ENDED:
            return 0
        raise


def _gap(what: str, permission: str, bucket: str, seen: _Seen) -> Iterator[Gap]:
    """Yield what is missing of the first of such buckets alone."""
    if permission not in seen.closed:
        seen.closed.add(permission)
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
        if code in (*_NONE, _GONE):
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
