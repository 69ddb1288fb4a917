"""Expectations on ``mart_resource_inventory``: what resources there are."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, filled, is_exact, is_unique, one_of

_GRAIN = (*KEY, "resource_id")
_OWNER = ("cost_center", "ai_project", "ai_model", "ai_stage", "environment")
_TYPES = ("machine", "disk", "snapshot", "address", "load_balancer", "notebook", "endpoint", "bucket", "group")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without an inventory there are no rows."""
    return Suite(
        "mart_resource_inventory",
        (
            *filled(*_GRAIN, "resource_type", "observed_at", "account_id", "region", *_OWNER),
            one_of("resource_type", _TYPES),
            one_of("architecture", ("x86_64", "arm64")),
            is_exact(("size_gb", "memory_gib", "gpu_memory_gib", "local_disk_gb")),
            is_unique(_GRAIN),
            RowRule(
                "it was seen in the month, and last when it is described",
                "strftime(first_observed_on, '%Y-%m') = billing_period and first_observed_on <= last_observed_on"
                " and cast(observed_at as date) = last_observed_on and strftime(observed_at, '%Y-%m') = billing_period",
                (*_GRAIN, "first_observed_on", "last_observed_on", "observed_at"),
            ),
            RowRule(
                "a machine that is known has processors and memory",
                "(vcpus is null) = (memory_gib is null) and coalesce(vcpus, 1) > 0 and coalesce(memory_gib, 1) > 0",
                (*_GRAIN, "instance_type", "vcpus", "memory_gib"),
            ),
        ),
        scope=given.months,
    )
