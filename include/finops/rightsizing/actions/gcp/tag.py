"""Label a resource: Google's labels are what the other clouds call tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from finops.rightsizing.actions.base import RESERVED, first_reason, with_parameters
from finops.rightsizing.actions.gcp import buckets
from finops.rightsizing.actions.gcp.base import GcpAction
from finops.rightsizing.actions.gcp.calls import WATCH, Gone, begin, read
from finops.rightsizing.actions.gcp.names import name_of
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

_KEY, _VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")
_MOST = 64
_GOOGLES_OWN = "goog"


class Tag(GcpAction):
    """Sets some labels of a machine, disk or bucket and leaves the others; undone by their earlier values."""

    name = "tag"
    summary = "label the resource"
    parameters: Mapping[str, str] = {"tags": "labels to set", "remove": "keys to take away, to undo"}
    reads: tuple[str, ...] = ("compute.instances.get", "compute.disks.get", buckets.GET, WATCH)
    acts: tuple[str, ...] = ("compute.instances.setLabels", "compute.disks.setLabels", buckets.UPDATE)
    resource_types: tuple[str, ...] = ("machine", "disk", "bucket")

    def observe(self, client: Any, change: Change) -> Live:
        """Read the labels, and what proves at writing that nobody has changed them since."""
        if buckets.is_bucket(change):
            return buckets.observe_bucket(client, change)
        kind, where = _kind(change), name_of(change)
        asked = {"project": where.project, "zone": where.zone, kind[:-1]: where.name}
        try:
            found = read(change, f"compute.{kind}.get", getattr(client, kind).get, asked)
        except Gone:
            return Live(exists=False)
        return Live(exists=True, tags=dict(found.labels), facts={"fingerprint": found.label_fingerprint})

    def objection(self, live: Live, change: Change) -> str:
        """Refuse what Google does not take, and labels that permit or forbid actions."""
        labels = _labels(change)
        keys = [*labels, *change.parameters.get("remove", ())]
        reserved = sorted(RESERVED.intersection(keys))
        wrong = [key for key, value in labels.items() if not (_KEY.fullmatch(key) and _VALUE.fullmatch(value))]
        return first_reason(
            (not keys, "its parameter tags is missing"),
            (any(key.startswith(_GOOGLES_OWN) for key in keys), "labels that begin with goog are Google's own"),
            (reserved, f"{', '.join(reserved)}: a person sets that label"),
            (
                wrong,
                f"the label {next(iter(wrong), '')[:20]!r}: Google takes a-z, 0-9, _ and -, at most 63",
            ),
            (len({*live.tags, *labels}) > _MOST, f"it would have more than {_MOST} labels"),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Set unless the labels are as wanted."""
        return None if _merged(live, change) == dict(live.tags) else "set"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Set all labels as they shall be, if they are still as they were read."""
        if not live.exists:
            raise Rejected("the resource is gone since the action began")
        labels = _merged(live, change)
        if buckets.is_bucket(change):
            gone = dict.fromkeys(set(live.tags) - set(labels))
            buckets.update(client, change, live, {"labels": {**labels, **gone}})
            return
        kind, where = _kind(change), name_of(change)
        body = {"labels": labels, "label_fingerprint": live.facts["fingerprint"]}
        request = (
            {"instance": where.name, "instances_set_labels_request_resource": body}
            if kind == "instances"
            else {"resource": where.name, "zone_set_labels_request_resource": body}
        )
        # The labels that were read are part of the step: other ones make it another request.
        token = f"{token}:{live.facts['fingerprint']}"
        begin(
            client, change, f"compute.{kind}.setLabels", getattr(client, kind).set_labels_unary, where, token, request
        )

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Set the earlier values, and take away what was not there."""
        touched = [*_labels(change), *change.parameters.get("remove", ())]
        earlier = {key: before.tags[key] for key in touched if key in before.tags}
        new = [key for key in touched if key not in before.tags]
        return with_parameters(change, self.name, tags=earlier or None, remove=new or None)


def _kind(change: Change) -> str:
    return "disks" if "/disks/" in change.target.resource_id else "instances"


def _labels(change: Change) -> dict[str, str]:
    return {str(key): str(value) for key, value in change.parameters.get("tags", {}).items()}


def _merged(live: Live, change: Change) -> dict[str, str]:
    gone = change.parameters.get("remove", ())
    return {key: value for key, value in {**live.tags, **_labels(change)}.items() if key not in gone}
