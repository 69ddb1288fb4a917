"""The autoscale settings of Azure Monitor, which decide on the number of a scale set or of a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.core.rest import HttpRequest

from finops.rightsizing.actions.azure.calls import act, ask, read
from finops.rightsizing.actions.model import Rejected
from finops.rightsizing.models import Change

READ, WRITE = "Microsoft.Insights/autoscaleSettings/read", "Microsoft.Insights/autoscaleSettings/write"
_VERSION = "2022-10-01"
_MOST_PAGES = 1_000


def setting_of(client: Any, change: Change, resource_id: str) -> dict[str, Any]:
    """Return the setting that is on and decides on a resource, wherever it is in the subscription; empty for none."""
    subscription = resource_id.split("/")[2]
    link = f"/subscriptions/{subscription}/providers/Microsoft.Insights/autoscalesettings?api-version={_VERSION}"
    for _ in range(_MOST_PAGES):
        found = read(change, READ, ask, client.compute, HttpRequest("GET", link))
        for each in found.get("value", ()):
            if _decides(each["properties"], resource_id):
                setting: dict[str, Any] = each
                return setting
        link = found.get("nextLink") or ""
        if not link:
            return {}
    raise Rejected("the list of autoscale settings does not end")


def set_bounds(client: Any, change: Change, setting: dict[str, Any], least: int, most: int, usual: int) -> None:
    """Set the bounds of a setting of one profile, and ``usual``: what it sets where it measures nothing."""
    profile, *more = setting["properties"]["profiles"]
    if more:
        raise Rejected(f"the autoscale setting {setting['name']!r} has several profiles")
    capacity = {"minimum": str(least), "maximum": str(most), "default": str(usual)}
    properties = {**setting["properties"], "profiles": [{**profile, "capacity": capacity}]}
    request = HttpRequest("PATCH", setting["id"], params={"api-version": _VERSION}, json={"properties": properties})
    act(change, WRITE, ask, client.compute, request)


def _decides(properties: Mapping[str, Any], resource_id: str) -> bool:
    is_on = bool(properties.get("enabled", True))
    return is_on and str(properties.get("targetResourceUri", "")).lower() == resource_id.lower()
