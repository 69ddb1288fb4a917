"""Vertex AI's endpoints, with the bounds between which the model on each is scaled, and when each was asked last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories.gcp_project import GcpProject, as_far_as_permitted, moment, short
from finops.telemetry.monitors.inventories.gcp_rest import MONITORED, Rest, points
from finops.telemetry.monitors.inventories.parts import Row

VERTEX = "//aiplatform.googleapis.com/"
_DAYS = 42
"""As long as Google keeps what it has measured."""
_ASKED = (
    'metric.type="aiplatform.googleapis.com/prediction/online/response_count"'
    ' AND resource.type="aiplatform.googleapis.com/Endpoint" AND resource.labels.location="{region}"'
)


def endpoints(project: GcpProject, rest: Rest, region: str) -> Iterator[Row | Gap]:
    """Yield the endpoints of a region."""
    used: dict[str, datetime] = {}
    part = f"last use of endpoint in {project.id}, {region}"
    for found in as_far_as_permitted(_used(project, rest, region), part, MONITORED):
        if isinstance(found, Gap):
            yield found
        else:
            used.update([found])
    path = f"projects/{project.id}/locations/{region}/endpoints"
    address = f"{rest.vertex_url.replace('{region}', region)}/v1/{path}"
    for each in rest.pages(address, {"pageSize": "100"}, "endpoints"):
        # Vertex AI writes the project's number; all else here has its id.
        number = short(each["name"])
        if (resource_id := project.text(f"{VERTEX}{path}/{number}")) is not None:
            yield _row(each) | {
                "resource_id": resource_id,
                "account_id": project.id,
                "region": region,
                "last_used_at": used.get(number),
            }


def _used(project: GcpProject, rest: Rest, region: str) -> Iterator[tuple[str, datetime]]:
    """Yield when each endpoint was asked last, to the day: the end of the last day with an answer."""
    for series in rest.sums(project.id, _ASKED.format(region=region), _DAYS, 1, "endpoint_id") or ():
        if ends := [end for end, count in points(series) if count > 0]:
            yield series["resource"]["labels"]["endpoint_id"], max(ends)


def _row(endpoint: Mapping[str, Any]) -> Row:
    models = endpoint.get("deployedModels") or []
    machines = (_resources(each).get("machineSpec", {}).get("machineType") for each in models)
    return {
        "instance_type": next(filter(None, machines), None),
        "state": "in_service" if models else "empty",
        "created_at": moment(endpoint.get("createTime", "")),
        "tags": dict(endpoint.get("labels") or {}),
        "details": _served(models),
    }


def _served(models: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what is known of the model on an endpoint. Several are scaled each by itself, and no number is of all.

    Where Google does not tell how many machines there are now, nothing is said of the bounds: they are no number.
    """
    if len(models) != 1:
        return {"variants": len(models)}
    [model] = models
    least, most = (_resources(model).get(f"{each}ReplicaCount") for each in ("min", "max"))
    # Without a most Google takes the least for it, of resources of one's own.
    most = most or (least if "dedicatedResources" in model else None)
    present = (model.get("status") or {}).get("availableReplicaCount") or (least if least == most else None)
    sizes = {"instances": present, "minimum": least, "maximum": most} if present else {}
    return {"variant": model["id"], **sizes}


def _resources(model: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = model.get("dedicatedResources") or model.get("automaticResources") or {}
    return found
