"""A backfill of past months by Airflow's own scheduler, which is killed half way."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from finops.cli import app
from finops.stores import published
from finops_airflow.local.headless import LocalAirflow, running

from .conftest import PERIODS
from .observed import deliveries, mart_rows, nothing_pending, quiet, runs

PATIENCE = 900
"""Seconds that one wait may take at most, on a machine that has much else to do."""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(5 * PATIENCE)]

MONTHS = [str(period) for period in PERIODS]


def test_a_backfill_killed_half_way_lands_and_builds_each_month_once_and_equals_the_commands(new_home):
    settings = new_home("backfill")
    with running(settings) as airflow:
        for dag_id in ("publish_chargeback", "build_marts", "backfill_billing"):
            airflow.rest.unpause(dag_id)
        # Its own schedule begins with the month that has just ended, which the sample does not have.
        airflow.wait(
            "the scheduled run",
            lambda: bool(runs(airflow, "backfill_billing")) and quiet(airflow),
            seconds=PATIENCE,
        )
        airflow.command(
            *("backfill", "create", "--dag-id", "backfill_billing", "--from-date", "2025-01-01"),
            *("--to-date", "2025-03-01", "--max-active-runs", "2", "--reprocess-behavior", "none"),
        )
        airflow.wait(
            "the first month to be published",
            lambda: (settings.published_dir / "current").exists(),
            seconds=PATIENCE,
        )
        airflow.kill("scheduler")
        assert not nothing_pending(settings) or deliveries(settings).keys() != set(MONTHS), "killed too late to tell"
        airflow.start("scheduler")
        airflow.wait(
            "the backfill to go on to its end",
            lambda: all(
                ("backfill_billing", month) in succeeded(airflow)
                and ("publish_chargeback", month) in succeeded(airflow)
                for month in MONTHS
            ),
            seconds=PATIENCE,
        )
        airflow.wait("the last runs to end", lambda: quiet(airflow), seconds=PATIENCE)
    by_hand = new_home("by-hand")
    for command in ("ingest", "build"):
        done = CliRunner().invoke(app, [command], env={"FINOPS_HOME": str(by_hand.root)})
        assert done.exit_code == 0, done.output
    assert deliveries(settings) == deliveries(by_hand), "each month is landed once"
    names = published.latest(by_hand).marts
    assert published.latest(settings).marts == names
    for name in names:
        assert mart_rows(settings, name) == mart_rows(by_hand, name), name


def succeeded(airflow: LocalAirflow) -> set[tuple[str, str]]:
    return {(run["dag_id"], run["partition_key"]) for run in airflow.rest.runs("~") if run["state"] == "success"}
