"""Expectations on ``mart_checkpoint_storage``: what checkpoints cost in each bucket, and which are stale."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, is_exact, is_unique, no_rows

_GRAIN = (*KEY, "resource_id", "model")
_AMOUNTS = (
    *("bytes", "gb_months", "storage_cost", "bucket_storage_cost", "stale_bytes", "stale_cost", "stale_cost_share"),
    *("old_bytes", "archive_saving", "median_interval_hours"),
)


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without checkpoints there are no rows."""
    return Suite(
        "mart_checkpoint_storage",
        (
            is_exact(_AMOUNTS),
            is_unique(_GRAIN),
            _is_its_bucket(),
            RowRule(
                "stale and old checkpoints are among all",
                "stale_checkpoints between 0 and checkpoints and old_checkpoints between 0 and checkpoints"
                " and stale_bytes between 0 and bytes and old_bytes between 0 and bytes and gb_months >= 0",
                (*_GRAIN, "checkpoints", "stale_checkpoints", "old_checkpoints"),
            ),
            RowRule(
                "every run is hourly, daily or another, and an archive saves nothing or something",
                "least(runs, hourly_runs, daily_runs, other_runs) >= 0"
                " and hourly_runs + daily_runs + other_runs = runs"
                " and coalesce(archive_saving, 0) >= 0 and (runs = 0) = (checkpoints = 0)",
                (*_GRAIN, "runs", "hourly_runs", "daily_runs", "archive_saving"),
            ),
        ),
    )


def _is_its_bucket() -> Expectation:
    query = """
        select {key}, resource_id
        from {batch}
        group by all
        having sum(storage_cost) <> max(bucket_storage_cost) or max(bucket_storage_cost) <> min(bucket_storage_cost)
            or count(*) filter (where model = '(other)') <> 1
    """
    return no_rows("checkpoints and all else are the cost of the bucket, exactly", query)
