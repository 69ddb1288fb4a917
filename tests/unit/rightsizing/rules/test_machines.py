"""Machines that are too large, and notebooks that idle."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.rightsizing.world import IDLE, action, known, resource, saving, usage

from finops.rightsizing.resource import Catalogue, Machine
from finops.rightsizing.rules import machines


def test_a_type_is_known_in_any_case() -> None:
    types = Catalogue([Machine("azure", "Standard_E8s_v5", price=Decimal(1))])
    assert types.get("azure", "standard_e8S_V5") is types.get("azure", "Standard_E8s_v5") is not None


def test_a_machine_is_oversized_when_a_smaller_one_of_its_family_has_headroom() -> None:
    calm = {"cpu_utilization": usage(8, 15, 20), "memory_utilization": usage(10, 15, 18)}
    found = machines.oversized_machine(resource(instance_type="m5.4xlarge", usage=calm), known())
    # 15 % of 16 vCPUs at 70 % are 3.4; 18 % of 64 GiB at 80 % are 14.4.
    assert action(found) == ("resize_machine", {"instance_type": "m5.xlarge"})
    assert saving(found) == 750


@pytest.mark.parametrize(
    "busy",
    [
        {"cpu_utilization": usage(8, 66, 68), "memory_utilization": usage(10)},
        {"cpu_utilization": usage(8, 15, 80), "memory_utilization": usage(10)},
        {"cpu_utilization": usage(8, 15, 20), "memory_utilization": usage(10, 15, 75)},
        {"cpu_utilization": usage(8, 15, 20)},
    ],
    ids=["p95", "p99.5", "memory", "memory is not measured, and none has as much"],
)
def test_a_machine_with_busy_hours_or_full_memory_keeps_its_size(busy: dict[str, Any]) -> None:
    assert machines.oversized_machine(resource(instance_type="m5.4xlarge", usage=busy), known()) is None


def test_a_type_that_the_catalogue_does_not_know_is_never_resized() -> None:
    calm = {"cpu_utilization": usage(1), "memory_utilization": usage(1)}
    assert machines.oversized_machine(resource(instance_type="z9.huge", usage=calm), known()) is None


def test_an_idle_notebook_is_stopped_and_one_that_is_left_on_is_told() -> None:
    plain = {name: each for name, each in IDLE.items() if not name.startswith("gpu")}
    found = machines.idle_machine(resource("notebook", instance_type="m5.large", usage=plain), known())
    assert found is not None
    assert (found.rule, found.change and found.change.action) == ("idle_notebook", "stop_machine")
    unused = resource("notebook", last_used=date(2025, 5, 1))
    assert saving(machines.idle_machine(unused, known())) == 1000
    assert machines.idle_machine(resource("notebook", last_used=date(2025, 6, 15)), known()) is None
    left_on = {"cpu_utilization": usage(20, 80, idle_hours=168)}
    left = machines.idle_interactive(resource("notebook", instance_type="m5.large", usage=left_on), known())
    assert saving(left) == 500
    busy = {"cpu_utilization": usage(20, 80, idle_hours=20)}
    assert machines.idle_interactive(resource("notebook", instance_type="m5.large", usage=busy), known()) is None
