"""Resources that a test describes by what matters to it, and what is known around them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finops.policy.rightsizing_rules import Rules
from finops.rightsizing.models import Finding, ResourceType, Target
from finops.rightsizing.resource import Catalogue, Cost, Known, Machine, Resource, Usage

RUN_DATE = date(2025, 6, 21)


def machine_type(name: str, price: str | None, **facts: Any) -> Machine:
    """Return a type of the catalogue; its family is what stands before the dot."""
    facts = {"vcpus": 8, "memory_gib": 32, "architecture": "x86_64", "family": name.split(".")[0], **facts}
    return Machine("aws", name, price=None if price is None else Decimal(price), **facts)


TYPES = (
    machine_type("m5.large", "0.096", vcpus=2, memory_gib=8),
    machine_type("m5.xlarge", "0.192", vcpus=4, memory_gib=16),
    machine_type("m5.2xlarge", "0.384"),
    machine_type("m5.4xlarge", "0.768", vcpus=16, memory_gib=64),
    machine_type("m6g.xlarge", "0.154", vcpus=4, memory_gib=16, architecture="arm64"),
    machine_type("m5a.4xlarge", "0.688", vcpus=16, memory_gib=64),
    machine_type("m4.4xlarge", "0.80", vcpus=16, memory_gib=64),
    machine_type("c5.4xlarge", "0.68", vcpus=16, memory_gib=32),
    machine_type("g4dn.xlarge", "0.526", vcpus=4, memory_gib=16, gpus=1, gpu_family="T4", gpu_memory_gib=16),
    machine_type("g5.xlarge", "1.006", vcpus=4, memory_gib=16, gpus=1, gpu_family="A10G", gpu_memory_gib=24),
    machine_type("p3.2xlarge", "3.06", memory_gib=61, gpus=1, gpu_family="V100", gpu_memory_gib=16),
    machine_type("p3.8xlarge", "12.24", vcpus=32, memory_gib=244, gpus=4, gpu_family="V100", gpu_memory_gib=16),
    machine_type("p3.16xlarge", "24.48", vcpus=64, memory_gib=488, gpus=8, gpu_family="V100", gpu_memory_gib=16),
)


def known(**facts: Any) -> Known:
    """Return what is known: the catalogue, default rules, and what the test adds."""
    return Known(**{"rules": Rules(), "run_date": RUN_DATE, "catalogue": Catalogue(TYPES), **facts})


def usage(average: float, p95: float | None = None, maximum: float | None = None, **facts: Any) -> Usage:
    """Return a metric of 14 whole days."""
    top = average if p95 is None else p95
    highest = top if maximum is None else maximum
    made = Usage(
        average,
        top,
        highest,
        highest,
        14 * 1440,
        14 * 24,
        0,
        0,
        average,
        RUN_DATE - timedelta(14),
        RUN_DATE - timedelta(1),
    )
    return replace(made, **facts)


def resource(kind: str = "machine", monthly: str | int = 1000, **facts: Any) -> Resource:
    """Return a resource that costs so much a month; of a machine all hours were billed."""
    effective = Decimal(monthly) / (Decimal(730) / 24) * 14
    hours = Decimal(14 * 24 if kind in ("machine", "notebook") else 0)
    cost = Cost(14, effective, effective * Decimal(str(facts.pop("covered", 0))), Decimal(0), hours)
    return Resource(
        target=Target("aws", "111122223333", "us-east-1", "us-east-1a", facts.pop("resource_id", "i-1")),
        type=ResourceType(kind),
        currency="USD",
        cost=facts.pop("cost", cost),
        state=facts.pop("state", "running" if kind in ("machine", "notebook", "endpoint") else "in_use"),
        **facts,
    )


IDLE = {
    "gpu_utilization": usage(0.4, 1.0),
    "gpu_memory_utilization": usage(1.0, 2.0, 3.0),
    "network_bytes_per_second": usage(300, 900),
    "cpu_utilization": usage(1.0, 2.0),
}


def saving(found: Finding | None) -> Decimal:
    assert found is not None
    return round(found.monthly_saving, 2)


def action(found: Finding | None) -> tuple[str, dict[str, Any]]:
    assert found is not None
    assert found.change is not None
    return found.change.action, dict(found.change.parameters)
