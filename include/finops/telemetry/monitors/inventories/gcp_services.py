"""Compute Engine's addresses and managed groups, and Cloud Storage's buckets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories.gcp_project import (
    RETRY,
    GcpProject,
    as_far_as_permitted,
    path_of,
    short,
)
from finops.telemetry.monitors.inventories.parts import Row, lifecycle, word

_BUCKETS = "//storage.googleapis.com/"
_ARCHIVES = ("ARCHIVE", "COLDLINE")
_OFF = "OFF"
SCALERS = ("compute.autoscalers.list",)
"""Permission that the sizes need between which groups are scaled."""


def addresses(project: GcpProject, client: Any) -> Iterator[Row | Gap]:
    """Yield reserved addresses of all regions. An internal one costs nothing."""
    for each, columns in _found(project, client, "addresses", "address"):
        if columns is None:
            yield each
            continue
        yield columns | {
            "state": word(each.status),
            "attached_to": project.named(next(iter(each.users), "")),
            "details": {"kind": "internal_address" if each.address_type == "INTERNAL" else "address"},
        }


def groups(project: GcpProject, client: Any, scalers: Any) -> Iterator[Row | Gap]:
    """Yield managed groups, named by their name as their machines do. They are on no bill; their machines are.

    Between which sizes a group is scaled its autoscaler says; one without, or whose is switched off, has a size alone.
    """
    bounds: dict[str, dict[str, int]] = {}
    found = project.everywhere(scalers, "autoscalers", "bounds of group")
    for each in as_far_as_permitted(found, f"bounds of group in {project.id}", SCALERS):
        if isinstance(each, Gap):
            yield each
        elif (policy := each.autoscaling_policy).mode != _OFF:
            bounds[path_of(each.target)] = {"minimum": policy.min_num_replicas, "maximum": policy.max_num_replicas}
    for each, columns in _found(project, client, "instance_group_managers", "group"):
        if columns is None:
            yield each
            continue
        name = project.full_name(each.self_link)
        yield columns | {
            "resource_id": project.text(name) or name,
            "state": "active",
            "tags": {},
            "details": {
                "desired": each.target_size,
                "template": short(each.instance_template),
                **bounds.get(path_of(each.self_link), {}),
            },
        }


def buckets(project: GcpProject, client: Any) -> Iterator[Row]:
    """Yield buckets, with their lifecycle rules. What is in them is not asked for."""
    for each in client.list_buckets(timeout=project.seconds, retry=RETRY):
        if (resource_id := project.text(f"{_BUCKETS}{each.name}")) is None:
            continue
        rules = [_rule(rule, prefix) for rule in each.lifecycle_rules for prefix in _prefixes(rule)]
        aborts = any(rule["abort_uploads_after_days"] is not None and not rule["prefix"] for rule in rules)
        yield {
            "resource_id": resource_id,
            "account_id": project.id,
            "region": str(each.location or "").lower() or "global",
            "state": "active",
            "created_at": each.time_created,
            "tags": dict(each.labels),
            "details": {"lifecycle_rules": lifecycle(rules), "has_abort_rule": aborts},
        }


def _found(project: GcpProject, client: Any, what: str, kind: str) -> Iterator[tuple[Any, dict[str, Any] | None]]:
    """Yield resources with their columns, and gaps without any."""
    for each in project.everywhere(client, what, kind):
        columns = None if isinstance(each, Gap) else project.columns(each)
        if columns is not None or isinstance(each, Gap):
            yield each, columns


def _prefixes(rule: Mapping[str, Any]) -> list[str]:
    return rule.get("condition", {}).get("matchesPrefix") or [""]


def _rule(rule: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    action, age = rule.get("action", {}), rule.get("condition", {}).get("age")
    kind = action.get("type")
    archives = kind == "SetStorageClass" and action.get("storageClass") in _ARCHIVES
    return {
        "prefix": prefix,
        "archive_after_days": age if archives else None,
        "delete_after_days": age if kind == "Delete" else None,
        "abort_uploads_after_days": age if kind == "AbortIncompleteMultipartUpload" else None,
    }
