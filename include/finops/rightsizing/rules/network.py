"""Load balancers and addresses that nobody uses, and transfer that a place nearer would not need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.rightsizing.models import Finding, Level, ResourceType, Target
from finops.rightsizing.proposing import finding, money
from finops.rightsizing.resource import Known, Resource

_FREE = ("available", "unattached", "reserved", "unassigned", "unassociated")


@dataclass(frozen=True, slots=True)
class Transfer:
    """What data of a model's runs cost on its way from one place to another, a month."""

    provider: str
    currency: str
    model: str
    source: str
    destination: str
    monthly_cost: Decimal
    gigabytes: float


def idle_load_balancer(resource: Resource, known: Known) -> Finding | None:
    """Find a load balancer that has nothing behind it, or passes nothing on. Without either nobody knows."""
    if resource.type is not ResourceType.LOAD_BALANCER:
        return None
    counts = [resource.details.get(each) for each in ("targets", "requests_per_day")]
    if counts == [0, 0]:
        return finding(
            "idle_load_balancer",
            resource,
            known,
            Decimal(1),
            "It has no targets, and no requests.",
            {"targets": 0, "requests_per_day": 0},
            confidence=0.9,
            risk=Level.MEDIUM,
            note="names that lead to it have to go first",
        )
    measured = known.measured(resource, "network_bytes_per_second")
    if measured is None:
        return None
    [network] = measured
    # Checks of health alone pass a few hundred bytes.
    if network.p95 >= known.rules.idle.bytes_per_second:
        return None
    return finding(
        "idle_load_balancer",
        resource,
        known,
        Decimal(1),
        f"In {known.rules.window_days} days it passed at most {network.p95 / 1000:.1f} kB/s in 95 % of its hours.",
        {"network_p95": network.p95, "hours": network.hours},
        confidence=0.85,
        risk=Level.MEDIUM,
        note="names that lead to it have to go first",
    )


def idle_address(resource: Resource, known: Known) -> Finding | None:
    """Find an address that is reserved and attached to nothing."""
    if resource.type is not ResourceType.ADDRESS or resource.attached_to or resource.state not in _FREE:
        return None
    return finding(
        "idle_address",
        resource,
        known,
        Decimal(1),
        f"A reserved address is {resource.state} and attached to nothing.",
        {"state": resource.state},
        confidence=0.9,
        risk=Level.MEDIUM,
        note="once released, the same address does not come back",
    )


def egress_locality(transfers: Sequence[Transfer], known: Known) -> Iterator[Finding]:
    """Find transfer between zones and regions that would cost nothing in one place. To the internet is not meant."""
    for each in transfers:
        is_near = each.source == each.destination or "(none)" in (each.source, each.destination)
        is_outside = "internet" in (each.source, each.destination)
        if is_near or is_outside or each.monthly_cost < known.rules.least_saving:
            continue
        name = f"{each.model}: {each.source} to {each.destination}"
        yield Finding(
            rule="egress_locality",
            target=Target(each.provider, "", each.destination, "", name),
            resource_type=ResourceType.ACCOUNT,
            currency=each.currency,
            monthly_cost=each.monthly_cost,
            monthly_saving=each.monthly_cost,
            confidence=0.6,
            risk=Level.MEDIUM,
            effort=Level.HIGH,
            evidence=f"Runs of {each.model} move {each.gigabytes:,.0f} GB a month from {each.source} to "
            f"{each.destination}, for {money(each.monthly_cost, each.currency)}.",
            facts={"gigabytes": each.gigabytes, "from": each.source, "to": each.destination},
            note="run where the data lies, or keep a copy of it there",
        )
