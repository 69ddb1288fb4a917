"""Which types a machine of AWS does not fit: what no stand-in has an example of."""

from __future__ import annotations

from typing import Any

import pytest

from finops.rightsizing.actions.aws.resize_machine import ResizeMachine
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change, Target

OLD: dict[str, Any] = {
    "architectures": ["x86_64"],
    "virtualizations": ["hvm"],
    "has_local_disk": False,
    "needs_ena": False,
    "network_interfaces": 4,
    "gpus": 1,
    "gpu_maker": "NVIDIA",
    "gpu_memory_gib": 24.0,
}
MACHINE: dict[str, Any] = {
    "instance_type": "old",
    "zone": "us-east-1a",
    "architecture": "x86_64",
    "virtualization": "hvm",
    "has_ena": False,
    "network_interfaces": 2,
    "root_device": "ebs",
    "spot_request": "",
    "capacity_reservation": "",
    "is_stop_protected": False,
    "is_offered": True,
}
ASKED = Change("resize_machine", Target("aws", "1", "us-east-1", "us-east-1a", "i-1"), {"instance_type": "new"})


def _refusal(machine: dict[str, Any], new: dict[str, Any], **parameters: Any) -> str:
    facts = {**MACHINE, **machine, "types": {"old": OLD, "new": {**OLD, **new}}}
    asked = Change(ASKED.action, ASKED.target, {**ASKED.parameters, **parameters})
    return ResizeMachine().refusal(Live(exists=True, state="running", facts=facts), asked)


@pytest.mark.parametrize(
    ("machine", "new", "words"),
    [
        ({}, {"gpu_maker": "AMD"}, "its GPU is by NVIDIA, that of new by AMD"),
        ({}, {"gpu_memory_gib": 16.0}, "a GPU of new has 16 GiB, its work needs 24 GiB"),
        ({}, {"needs_ena": True}, "new needs ENA"),
        ({}, {"network_interfaces": 1}, "it has 2 network interfaces, new takes 1"),
        ({}, {"virtualizations": ["paravirtual"]}, "new does not run hvm"),
        ({"is_offered": False}, {}, "the zone us-east-1a does not offer new"),
    ],
)
def test_a_type_that_does_not_fit_is_refused_by_name(machine: dict[str, Any], new: dict[str, Any], words: str) -> None:
    assert words in _refusal(machine, new)


def test_a_type_that_fits_is_not_refused() -> None:
    assert _refusal({}, {}) == ""


def test_less_memory_of_a_gpu_is_enough_where_its_work_is_known_to_need_less() -> None:
    assert _refusal({}, {"gpu_memory_gib": 16.0}, gpu_memory_gib=11) == ""
