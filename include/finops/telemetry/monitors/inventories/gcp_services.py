"""Compute Engine's addresses, forwarding rules and managed groups, and Cloud Storage's buckets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories.gcp_project import RETRY, GcpProject, short
from finops.telemetry.monitors.inventories.parts import Row, lifecycle, word

_BUCKETS = "//storage.googleapis.com/"
_ARCHIVES = ("ARCHIVE", "COLDLINE")


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


def load_balancers(project: GcpProject, client: Any) -> Iterator[Row | Gap]:
    """Yield forwarding rules, which is what Google bills of a load balancer. What is behind them is not asked for."""
    for each, columns in _found(project, client, "forwarding_rules", "load_balancer"):
        if columns is None:
            yield each
            continue
        yield columns | {"state": "active", "details": {"kind": word(each.load_balancing_scheme)}}


def groups(project: GcpProject, client: Any) -> Iterator[Row | Gap]:
    """Yield managed groups, named by their name as their machines do. They are on no bill; their machines are."""
    for each, columns in _found(project, client, "instance_group_managers", "group"):
        if columns is None:
            yield each
            continue
        name = project.full_name(each.self_link)
        yield columns | {
            "resource_id": project.text(name) or name,
            "state": "active",
            "tags": {},
            "details": {"desired": each.target_size, "template": short(each.instance_template)},
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
