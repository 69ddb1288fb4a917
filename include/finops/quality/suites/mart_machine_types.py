"""Expectations on ``mart_machine_types``: what machines have, and their public prices."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Severity, Suite
from finops.quality.rules import KEY, filled, is_exact, is_unique, one_of

_GRAIN = (*KEY, "instance_type")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. A vendor's bill has no types that are known."""
    return Suite(
        "mart_machine_types",
        (
            *filled(*_GRAIN, "family", "vcpus", "memory_gib"),
            one_of("architecture", ("x86_64", "arm64")),
            one_of("billing_currency", ("USD",)),
            is_exact(
                ("memory_gib", "gpu_memory_gib", "network_gbps", "local_disk_gb", "price_per_hour", "set_aside_price")
            ),
            is_unique(_GRAIN),
            RowRule(
                "a price is above zero, and says which list it is of, and of when",
                "(price_per_hour is null) = (price_source is null) and (price_per_hour is null) = (priced_on is null)"
                " and coalesce(price_per_hour, 1) > 0",
                (*_GRAIN, "price_per_hour", "price_source", "priced_on"),
            ),
            RowRule(
                "no price that was read had to be set aside",
                "set_aside_price is null",
                (*_GRAIN, "price_per_hour", "set_aside_price"),
                Severity.WARNS,
            ),
        ),
        scope=given.months,
    )
