"""``finops allocation``: the rules tried on what is published, by the model itself, and what was built explained."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from tests.crafted_warehouse import craft
from typer.testing import CliRunner

from finops.cli import app
from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.stores.candidate import Verdict, save_verdict
from finops.transform.publish import publish

RULES = """\
pools:
  - id: tax
    version: 4
    description: Tax
    select: {charge_category: Tax}
    split: {method: proportional}
  - id: stuck
    version: 1
    description: Nobody of this name takes anything
    select: {charge_category: Purchase}
    split: {method: proportional, among: [nobody]}
  - id: idle
    version: 1
    description: Matches nothing
    select: {service_name: nothing of that name}
    split: {method: even}
"""


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    config = settings.root / "config"
    config.mkdir(parents=True)
    (config / "allocation.yml").write_text(RULES, encoding="utf-8")
    return {"FINOPS_HOME": str(settings.root), "FINOPS_CONFIG_DIR": str(config)}


def published(settings: Settings) -> None:
    craft(settings, [("aws", "2025-01")], lines=200)
    save_verdict(settings, Verdict("build-1", True, (), ()))
    publish(settings)


def test_a_trial_says_what_would_move_and_touches_nothing(settings: Settings, environment: dict[str, str]) -> None:
    published(settings)
    before = {path: path.stat().st_mtime_ns for path in settings.root.rglob("*")}

    run = CliRunner().invoke(app, ["allocation", "check", "--json"], env=environment)

    assert run.exit_code == 1  # `stuck` would be refused
    told = json.loads(run.stdout)
    moves = {(move["rule_id"], move["billing_currency"]): move for move in told["moves"]}
    assert {rule for rule, _ in moves} == {"tax", "stuck"}
    assert told["unmatched"] == [{"rule_id": "idle", "billing_period": "2025-01"}]
    assert [moves["tax", "USD"]["is_divided"], moves["stuck", "USD"]["is_divided"]] == [True, False]
    for move in told["moves"]:
        assert sum(Decimal(part["effective_cost"]) for part in move["parts"]) == 0
    assert {path: path.stat().st_mtime_ns for path in settings.root.rglob("*")} == before


def test_before_anything_is_published_the_rules_alone_are_checked(
    settings: Settings, environment: dict[str, str]
) -> None:
    run = CliRunner().invoke(app, ["allocation", "check"], env=environment)
    assert (run.exit_code, "The rules are valid" in run.stdout) == (0, True)
    (settings.root / "config" / "allocation.yml").write_text(RULES.replace("even", "evenly"), encoding="utf-8")
    run = CliRunner().invoke(app, ["allocation", "check"], env=environment)
    assert isinstance(run.exception, BadInput)


def test_what_a_cost_centre_bears_is_explained(settings: Settings, environment: dict[str, str]) -> None:
    published(settings)
    arguments = ["allocation", "explain", "--billing-period", "2025-01", "--cost-center", "cc-1002"]
    run = CliRunner().invoke(app, [*arguments, "--json"], env=environment)
    assert run.exit_code == 0
    assert {(e["cost_center"], e["entry_kind"]) for e in json.loads(run.stdout)} == {("cc-1002", "direct")}
    for wrong, says in (
        ("cc-9", "no cost centre 'cc-9' has anything in 2025-01"),
        (None, "2031-01 is not published"),
    ):
        other = [*arguments[:-1], wrong] if wrong else [*arguments[:3], "2031-01"]
        run = CliRunner().invoke(app, other, env=environment)
        assert says in str(run.exception)
