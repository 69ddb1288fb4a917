"""A bill breaches a budget, and the same bill delivered again lifts the breach: by the real services."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from finops.cli import app
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.pipelines import budgets, marts
from finops.sample.service import generate
from finops.stores.state import outbox
from finops.stores.state.store import open_state

BUDGETS_YML = """
tree:
  - {id: atlas, scope: {ai-project: atlas}, currency: USD, from: 2025-01, to: 2025-01, amount: 1500}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with the sample's configuration, a budget of one project, and somebody who is told."""
    home = Settings(home=tmp_path / "home")
    config = tmp_path / "config"
    shutil.copytree(home.configuration_dir, config)
    (config / "budgets.yml").write_text(BUDGETS_YML, encoding="utf-8")
    channels = "channels: [{name: us, type: webhook, to: https://example.com}]\notherwise: us\n"
    (config / "channels.yml").write_text(channels, encoding="utf-8")
    return home.model_copy(update={"config_dir": config})


def load(settings: Settings, bills: Path) -> None:
    ingest(settings, Provider.GCP, str(bills))
    candidate = marts.build(settings)
    assert candidate is not None
    marts.gate(settings, candidate.build_id)
    marts.publish(settings, candidate.build_id)


def check(settings: Settings) -> tuple[dict[str, Any], str]:
    environment = {"FINOPS_HOME": str(settings.root), "FINOPS_CONFIG_DIR": str(settings.configuration_dir)}
    says = CliRunner().invoke(app, ["budgets", "check"], env=environment).stdout
    found = json.loads(CliRunner().invoke(app, ["budgets", "check", "--json"], env=environment).stdout)
    january = next(each for each in found["budgets"] if each["period_first"] == "2025-01-01")
    return {**january, "lifted": [each["threshold"] for each in found["lifted"]]}, says


def test_a_breach_that_a_restated_bill_lifts_is_told_shown_and_ended(settings, tmp_path):
    bills = tmp_path / "sample"
    generate(
        bills,
        months=1,
        lines_per_month=2_000,
        providers=(Provider.GCP,),
        with_telemetry=False,
        with_restatement=True,
    )
    load(settings, bills / "gcp")
    assert budgets.run(settings).told == 1
    first, _ = check(settings)
    assert (first["standing"], first["lifted"]) == ("breached", [])

    shutil.copytree(bills / "restated" / "gcp", bills / "gcp", dirs_exist_ok=True)
    load(settings, bills / "gcp")
    assert budgets.run(settings).told == 1
    restated, says = check(settings)
    assert (restated["standing"], restated["lifted"]) == ("in order", ["actual 100"])
    assert float(restated["actual"]) < 1_500 < float(first["actual"])
    assert "atlas, 2025-01: no longer at 100 % spent. A restated bill changed what is spent from" in says
    with open_state(settings).begin() as connection:
        entries = outbox.between(connection, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    told = {each.event.kind: each.event for each in entries}
    assert told["budget_recovered"].resolves == told["budget_breach"].key
    assert budgets.run(settings).told == 0
