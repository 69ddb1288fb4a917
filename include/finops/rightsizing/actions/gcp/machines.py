"""The live state of a machine of Google Cloud, and the reasons why one must not be stopped."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.base import LOCAL_DISK_TAG, SCRATCH, first_reason
from finops.rightsizing.actions.gcp.calls import WATCH, Gone, read
from finops.rightsizing.actions.gcp.names import name_of, short
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

GET = "compute.instances.get"
READS = (GET, WATCH)
STANDS = frozenset({"TERMINATED", "SUSPENDED"})

_OWNERS = {
    "goog-gke-node": "GKE",
    "goog-dataproc-cluster-name": "Dataproc",
    "goog-dataflow-job-id": "Dataflow",
}
"""Labels of who would replace a stopped machine, or end it."""


def observe_machine(project: Any, change: Change) -> Live:
    """Return a machine as it is. Its state is Google's status, as ``RUNNING`` or ``TERMINATED``."""
    where = name_of(change)
    asked = {"project": where.project, "zone": where.zone, "instance": where.name}
    try:
        found = read(change, GET, project.instances.get, asked)
    except Gone:
        return Live(exists=False)
    scheduling, reservation = found.scheduling, found.reservation_affinity
    made_by = next((each.value for each in found.metadata.items if each.key == "created-by"), "")
    facts = {
        "instance_type": short(found.machine_type),
        "zone": where.zone,
        "group": made_by if "/instanceGroupManagers/" in made_by else "",
        "local_disks": sum(disk.type_ == "SCRATCH" for disk in found.disks),
        "is_spot": scheduling.provisioning_model == "SPOT" or scheduling.preemptible,
        "ends_by": scheduling.instance_termination_action,
        "is_on_own_host": bool(scheduling.node_affinities),
        "reservation": (
            next(iter(reservation.values), "a reservation")
            if reservation.consume_reservation_type == "SPECIFIC_RESERVATION"
            else ""
        ),
        "gpus": {short(each.accelerator_type): each.accelerator_count for each in found.guest_accelerators},
    }
    return Live(exists=True, state=found.status, tags=dict(found.labels), facts=facts)


def why_not_stop(live: Live) -> str:
    """Return why stopping would lose data, be undone at once, save nothing or be refused; empty where it is fine."""
    facts = live.facts
    owner = next((name for label, name in _OWNERS.items() if label in live.tags), "")
    return first_reason(
        (facts["group"], f"it is a member of the group {short(facts['group'])!r}: change that instead"),
        (owner, f"{owner} runs it and would replace it: change that instead"),
        (
            facts["is_spot"] and facts["ends_by"] == "DELETE",
            "it is a spot machine that is deleted when it is taken away: whoever made it makes another",
        ),
        (facts["is_on_own_host"], "it runs on a sole-tenant node, which is paid whether it is used or not"),
        (facts["reservation"], f"it uses {facts['reservation']}, which is paid whether it is used or not"),
        (
            facts["local_disks"] and live.tags.get(LOCAL_DISK_TAG) != SCRATCH,
            f"its local disks lose their data when it stops; label it {LOCAL_DISK_TAG}={SCRATCH} if that may be",
        ),
        (live.state == "SUSPENDED", "it is suspended: only who suspended it can say whether its memory may be lost"),
    )


def is_moving(live: Live) -> bool:
    """Return whether Google is at work on it."""
    return live.exists and live.state not in ("RUNNING", *STANDS)


def not_gone(live: Live) -> None:
    """Raise Rejected when the machine has gone since the action began: no step can bring it back."""
    if not live.exists:
        raise Rejected("the machine is gone since the action began")
