"""Snapshots as a backup service makes them: each names its volume by a tag, and inherits that volume's tags."""

from __future__ import annotations

from collections.abc import Sequence

from finops.sample.series import Series

_KEY = "user_source_volume"


def name_volumes(series: Sequence[Series]) -> None:
    """Add to every snapshot's tags the tagged volume of its account that it is a snapshot of."""
    for number, snapshot in enumerate(_of(series, "EBS:Snapshot")):
        account = snapshot.own["line_item_usage_account_id"]
        volumes = [
            each
            for each in _of(series, "EBS:Volume")
            if each.is_tagged and each.own["line_item_usage_account_id"] == account
        ]
        if volumes:
            named = volumes[number % len(volumes)].own["line_item_resource_id"]
            snapshot.own["resource_tags"] = (*snapshot.own.get("resource_tags", ()), (_KEY, named))


def _of(series: Sequence[Series], kind: str) -> list[Series]:
    return [each for each in series if each.extra["offer"]["usage_type"].startswith(kind)]
