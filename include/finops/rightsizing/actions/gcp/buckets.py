"""The live state of a bucket of Google Cloud, and how it is changed: in part, and only as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.cloud.storage import Bucket

from finops.rightsizing.actions.gcp.calls import Gone, act, read
from finops.rightsizing.actions.gcp.names import short
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change

GET, UPDATE = "storage.buckets.get", "storage.buckets.update"
_STORAGE = "//storage.googleapis.com/"


def is_bucket(change: Change) -> bool:
    """Return whether the resource is a bucket: what is not of Compute Engine is one."""
    resource_id = change.target.resource_id
    return resource_id.startswith(_STORAGE) or "/" not in resource_id


def observe_bucket(project: Any, change: Change) -> Live:
    """Return a bucket's labels, its lifecycle rules as Google has them, and whether it keeps versions."""
    name = short(change.target.resource_id)
    try:
        bucket = read(change, GET, project.storage.get_bucket, name)
    except Gone:
        return Live(exists=False)
    facts = {
        "rules": [dict(rule) for rule in bucket.lifecycle_rules],
        "keeps_versions": bucket.versioning_enabled,
        "metageneration": bucket.metageneration,
    }
    return Live(exists=True, tags=dict(bucket.labels), facts=facts)


def update(project: Any, change: Change, live: Live, properties: Mapping[str, Any]) -> None:
    """Change some properties of a bucket, unless anything of it has been changed since it was read."""
    bucket: Any = Bucket(project.storage, short(change.target.resource_id))
    for name, value in properties.items():
        bucket._patch_property(name, value)
    act(change, UPDATE, bucket.patch, if_metageneration_match=live.facts["metageneration"])
