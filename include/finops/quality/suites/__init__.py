"""What a published table must meet: one module per table, and one table of grains for marts that differ in it alone."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from finops.core.errors import Finding
from finops.quality.models import Given, Suite
from finops.quality.suites import by_grain


def suite_of(table: str, given: Given) -> Suite:
    """Return the suite of a table for the candidate at hand. Raise Finding when it has none."""
    if table in by_grain.GRAINS:
        return by_grain.suite(table, given)
    if find_spec(f"{__name__}.{table}") is None:
        raise Finding(f"{table} would be published without expectations; give it a suite in quality/suites")
    suite: Suite = import_module(f"{__name__}.{table}").suite(given)
    return suite
