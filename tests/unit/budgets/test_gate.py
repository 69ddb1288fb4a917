"""Whether an expensive job may start: what budgets, forecasts, approvals, the time of day and the price say."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.published_budgets import BUDGETS_KINDS, PROPOSALS_KINDS, budget_row, proposal_row
from tests.unit.budgets import world
from typer.testing import CliRunner

from finops.budgets.gate import service
from finops.budgets.gate.models import Answer, Verdict
from finops.budgets.gate.window import Window
from finops.cli import app
from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.pipelines import budgets as pipeline
from finops.stores.state.store import begin_state

NOON = datetime(2025, 6, 16, 12, tzinfo=UTC)
BUDGETS_YML = """
tree:
  - id: company
    currency: USD
    from: 2025-01
    to: 2025-12
    amount: 1000
    children:
      - {id: atlas, scope: {ai_project: atlas}, amount: 100}
      - {id: euros, scope: {ai_project: atlas}, currency: EUR, amount: 100}
      - {id: other, scope: {ai_project: other}, amount: 100}
      - {id: over, from: 2025-01, to: 2025-03, amount: 100}
kpis:
  - {id: gpus, kpi: gpu_utilization, at_least: 40, from: 2025-01, to: 2025-12}
"""


def home(tmp_path: Path, *rows: tuple[Any, ...], proposals: tuple[tuple[Any, ...], ...] = ()) -> Settings:
    """Return a home in which these rows of budgets are published."""
    where = world.settings(tmp_path, BUDGETS_YML)
    begin_state(where)
    world.publish(
        where,
        world.charges("2025-06-01", 15, 1),
        mart_budgets=(BUDGETS_KINDS, list(rows)),
        mart_budget_proposals=(PROPOSALS_KINDS, [*proposals, proposal_row("elsewhere", "approval")]),
    )
    return where


def ask(where: Settings, *ids: str, now: datetime = NOON, **asked: Any) -> Answer:
    return pipeline.may_start(where, now=now, budgets=ids, **asked)


def test_a_job_that_fits_into_its_budget_starts(tmp_path):
    where = home(tmp_path, budget_row("atlas", forecast=80, spread=5))
    answer = ask(where, "atlas", cost="10", currency="USD")
    assert answer == Answer(Verdict.START, ("budget atlas: 90.00 USD of 100.00 USD with the job",), None)


@pytest.mark.parametrize(
    ("most", "cost", "verdict"),
    [
        ("forecast 100", "20", Verdict.START),
        ("forecast 100", "20.01", Verdict.DEFER),
        ("forecast 90", "20", Verdict.DEFER),
        ("actual 100", "60", Verdict.START),
        ("actual 100", "60.01", Verdict.DEFER),
        ("adjusted 100", "31", Verdict.DEFER),
    ],
)
def test_the_estimate_counts_on_top_of_what_is_spent_or_expected(tmp_path, most, cost, verdict):
    where = home(tmp_path, budget_row("atlas", actual=40, forecast=80, adjusted=70, spread=5))
    assert ask(where, "atlas", cost=cost, currency="USD", most=[most]).verdict is verdict


def test_the_probability_of_breach_is_that_with_the_job(tmp_path):
    """With an upper bound of 80 % at 92.816, a deviation is 10: at a mean of 108.4162 eight of ten end above 100."""
    where = home(tmp_path, budget_row("atlas", forecast=80, spread=12.816))
    assert ask(where, "atlas", cost="28.41", currency="USD", most=["probability 80"]).verdict is Verdict.START
    held = ask(where, "atlas", cost="28.43", currency="USD", most=["probability 80"])
    assert held.verdict is Verdict.DEFER
    assert "used up with a probability of 80%" in held.why


def test_what_is_too_much_is_skipped_where_the_team_says_so(tmp_path):
    where = home(tmp_path, budget_row("atlas", forecast=101))
    answer = ask(where, "atlas", over="skip")
    assert answer.verdict is Verdict.SKIP
    assert "101.00 USD would be expected of 100.00 USD, and 100 % is the most" in answer.why
    assert "its period ends on 2025-06-30" in answer.why


def test_the_scope_of_a_job_asks_every_budget_that_counts_its_charges_in_its_currency(tmp_path):
    full, roomy = budget_row("company", limit=1000, forecast=1001), budget_row("atlas", forecast=1)
    where = home(
        tmp_path, full, roomy, budget_row("other", forecast=500), budget_row("euros", forecast=500, currency="EUR")
    )
    answer = ask(where, scope={"ai_project": "atlas", "ai_stage": "training"}, cost=1, currency="USD")
    assert answer.verdict is Verdict.DEFER
    assert [each.split(":")[0] for each in answer.reasons] == ["budget company"] * 2, "forecast and probability"


def test_currencies_are_never_added(tmp_path):
    where = home(tmp_path, budget_row("atlas", forecast=1))
    with pytest.raises(BadInput, match="the cost is in EUR and budget atlas in USD"):
        ask(where, "atlas", cost=1, currency="EUR")
    with pytest.raises(BadInput, match="cost 1 has no currency"):
        ask(where, "atlas", cost=1)


def test_an_unknown_budget_is_an_error_that_names_the_known_ones_unless_the_team_says_otherwise(tmp_path):
    where = home(tmp_path, budget_row("atlas", forecast=1))
    with pytest.raises(BadInput, match="no budget altas of costs; there are company, atlas, euros, other"):
        ask(where, "altas")
    with pytest.raises(BadInput, match="budget over has no period on 2025-06-16, it is from 2025-01-01 to 2025-03-31"):
        ask(where, "over")
    with pytest.raises(BadInput, match="no budget gpus of costs"):
        ask(where, "gpus")
    assert ask(where, "altas", unknown="start").verdict is Verdict.START
    assert ask(where, "altas", unknown="skip").verdict is Verdict.SKIP


@pytest.mark.parametrize("unpublished", ["defer", "start", "skip"])
def test_what_is_not_published_or_old_defers_unless_the_team_says_otherwise(tmp_path, unpublished):
    asked = {"unpublished": unpublished}
    bare = world.settings(tmp_path, BUDGETS_YML)
    assert ask(bare, "atlas", **asked).verdict.value == unpublished, "nothing is published at all"
    where = home(tmp_path, budget_row("atlas", forecast=1, run_date="2025-06-08"))
    old = ask(where, "atlas", **asked)
    assert (old.verdict.value, old.why) == (unpublished, "budget atlas stands as of 2025-06-08, more than 7 days ago")
    assert ask(where, "atlas", max_age=8, **asked).verdict is Verdict.START
    later = ask(where, "atlas", now=datetime(2025, 7, 2, tzinfo=UTC), max_age=100, **asked)
    assert later.verdict.value == unpublished, "June says nothing of July"


def test_the_newest_run_date_counts_and_none_of_the_future(tmp_path):
    rows = [("2025-06-15", 500), ("2025-06-16", 1), ("2025-06-18", 500)]
    where = home(tmp_path, *(budget_row("atlas", forecast=amount, run_date=day) for day, amount in rows))
    assert ask(where, "atlas").verdict is Verdict.START
    assert ask(where, "atlas", now=NOON - timedelta(days=2)).verdict is Verdict.DEFER


def test_a_proposed_approval_holds_a_job_until_somebody_approves_and_no_longer_than_that(tmp_path):
    row, proposed = budget_row("atlas", forecast=120), proposal_row("atlas", "approval")
    where = home(tmp_path, row, proposals=(proposed, proposal_row("atlas", "throttle")))
    before = ask(where, "atlas", most=[])
    assert before.verdict is Verdict.DEFER
    assert before.why == (
        "budget atlas: approval is proposed; `finops budgets approve atlas --by NAME --until DAY --reason WHY` lets "
        "jobs start"
    )
    service.approve(where, "atlas", by="Ann", until=NOON.date(), reason="the paper is due")
    answer = ask(where, "atlas")
    assert answer.verdict is Verdict.START, "what is approved may be above the thresholds"
    assert answer.why == "budget atlas: approved by Ann until 2025-06-16: the paper is due"
    assert ask(where, "atlas", now=NOON + timedelta(days=1)).verdict is Verdict.DEFER
    assert ask(where, "atlas", window="22:00-06:00").verdict is Verdict.DEFER, "the time of day still counts"
    service.approve(where, "atlas", by="Bob", until=date(2025, 1, 1), reason="not any more")
    assert ask(where, "atlas").verdict is Verdict.DEFER, "the newest approval counts"


def test_a_proposal_of_an_earlier_run_date_holds_nothing(tmp_path):
    where = home(
        tmp_path, budget_row("atlas", forecast=1), proposals=(proposal_row("atlas", "approval", run_date="2025-06-15"),)
    )
    assert ask(where, "atlas").verdict is Verdict.START


@pytest.mark.parametrize(
    ("text", "now", "opens"),
    [
        ("22:00-06:00", "2025-06-16T12:00", "2025-06-16T22:00"),
        ("22:00-06:00", "2025-06-16T22:00", "2025-06-16T22:00"),
        ("22:00-06:00", "2025-06-17T05:59", "2025-06-17T05:59"),
        ("22:00-06:00", "2025-06-17T06:00", "2025-06-17T22:00"),
        ("22:00-06:00 Europe/Berlin", "2025-06-16T20:30", "2025-06-16T20:30"),
        ("22:00-06:00 Europe/Berlin mon-fri", "2025-06-20T19:00", "2025-06-20T20:00"),
        ("22:00-06:00 Europe/Berlin mon-fri", "2025-06-21T03:00", "2025-06-21T03:00"),
        ("22:00-06:00 Europe/Berlin mon-fri", "2025-06-21T20:30", "2025-06-23T20:00"),
        ("00:00-00:00 sat,sun", "2025-06-16T12:00", "2025-06-21T00:00"),
        ("00:00-00:00 fri-mon", "2025-06-16T12:00", "2025-06-16T12:00"),
        # 02:30 is not on the clock that night: the window opens when it would have been.
        ("02:30-04:00 Europe/Berlin", "2025-03-30T00:00", "2025-03-30T01:30"),
    ],
)
def test_a_window_opens_by_the_clock_of_its_zone(text, now, opens):
    found = Window.parse(text).opens(datetime.fromisoformat(f"{now}+00:00"))
    assert found == datetime.fromisoformat(f"{opens}+00:00")


def test_a_closed_window_says_when_to_ask_again(tmp_path):
    where = home(tmp_path, budget_row("atlas", forecast=1))
    answer = ask(where, "atlas", window="22:00-06:00 Europe/Berlin")
    assert answer == Answer(
        Verdict.DEFER, ("the window opens at 2025-06-16 20:00 UTC",), datetime(2025, 6, 16, 20, tzinfo=UTC)
    )
    assert ask(where, "atlas", window="22:00-06:00 Europe/Berlin", now=answer.next_at).verdict is Verdict.START


@pytest.mark.parametrize(
    "asked",
    [
        {"window": "22-06"},
        {"window": "22:00-06:00 Europe/Berlin someday"},
        {"window": "25:00-06:00"},
        {"window": "22:00-06:00 Middle/Earth"},
        {"spot": "p4d.24xlarge us-east-1"},
        {"spot": "p4d.24xlarge us-east-1 -1 USD"},
        {"cost": "much", "currency": "USD"},
        {"cost": "nan", "currency": "USD"},
        {"most": ["forecast"]},
        {"over": "start"},
        {"unpublished": "perhaps"},
        {"unknown": "defer"},
        {"scope": {"ai_project": "atlas"}},
    ],
)
def test_what_is_asked_wrongly_is_an_error_of_one_line(tmp_path, asked):
    where = home(tmp_path, budget_row("atlas", forecast=1))
    with pytest.raises(BadInput) as raised:
        ask(where, "atlas", **asked)
    assert "\n" not in str(raised.value)


def test_the_scope_of_a_job_names_dimensions(tmp_path):
    where = home(tmp_path, budget_row("atlas", forecast=1))
    with pytest.raises(BadInput, match="scope 'experiment' is no dimension; there are provider, cost_center"):
        ask(where, scope={"experiment": "7"})
    with pytest.raises(BadInput, match="no budget of provider aws of costs"):
        ask(world.settings(tmp_path, ""), scope={"provider": "aws"})


def test_the_command_says_start_or_not_now_by_its_status(tmp_path):
    where = home(tmp_path, budget_row("atlas", forecast=80))
    environment = {"FINOPS_HOME": str(where.root), "FINOPS_CONFIG_DIR": str(where.configuration_dir)}

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["budgets", *arguments], env=environment)

    at = ("--at", "2025-06-16T12:00")
    fits = run("gate", "atlas", "--cost", "10", "--currency", "USD", *at)
    assert (fits.exit_code, fits.stdout) == (0, "start: budget atlas: 90.00 USD of 100.00 USD with the job\n")
    held = run(
        "gate", "--scope", "ai_project=atlas", "--window", "22:00-06:00", *at, "--json", "--unpublished", "start"
    )
    assert held.exit_code == 1
    assert json.loads(held.stdout) == {
        "verdict": "defer",
        "reasons": ["the window opens at 2025-06-16 22:00 UTC"],
        "next_at": "2025-06-16T22:00:00+00:00",
    }
    assert "ask again at 2025-06-16T22:00Z" in run("gate", "atlas", "--window", "22:00-06:00", *at).stdout
    for wrong in (("gate", "altas"), ("gate", "atlas", "--at", "noon"), ("gate", "--scope", "atlas")):
        assert isinstance(run(*wrong).exception, BadInput)


def test_an_approval_is_recorded_by_whom_it_is_and_shown_in_the_check(tmp_path):
    where = home(tmp_path, budget_row("atlas", forecast=80))
    environment = {"FINOPS_HOME": str(where.root), "FINOPS_CONFIG_DIR": str(where.configuration_dir)}

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["budgets", *arguments], env=environment)

    done = run("approve", "atlas", "--by", "Ann", "--until", "9999-12-31", "--reason", "a deadline")
    assert (done.exit_code, done.stdout) == (0, "atlas: Ann approves until 9999-12-31: a deadline\n")
    assert "atlas: jobs may start, approved by Ann until 9999-12-31: a deadline" in run("check").stdout
    (shown,) = json.loads(run("check", "--json").stdout)["approvals"]
    assert (shown["budget"], shown["approved_by"], shown["approved_until"]) == ("atlas", "Ann", "9999-12-31")
    assert "approved" not in run("check", "--budget", "other").stdout
    for wrong in (("none", "--by", "Ann"), ("atlas", "--by", " ")):
        assert isinstance(run("approve", *wrong, "--until", "2025-06-16", "--reason", "x").exception, BadInput)


def test_the_price_is_that_of_the_last_week_of_the_latest_bill(tmp_path):
    where = home(tmp_path, budget_row("atlas", forecast=1))
    bill(where, ("2025-06-02", 10, "500.00"), ("2025-06-14", 2, "20.00"), ("2025-06-15", 2, "28.00"))
    spot = "p4d.24xlarge us-east-1 {} USD"
    assert ask(where, "atlas", spot=spot.format("12.00")).verdict is Verdict.START, "(20 + 28) / 4 is 12"
    held = ask(where, "atlas", spot=spot.format("11.99"))
    assert held.verdict is Verdict.DEFER
    assert held.why == (
        "an hour of p4d.24xlarge in us-east-1 costs 12 USD (bills of the week to 2025-06-15), and 11.99 is the most"
    )
    unknown = ask(where, "atlas", spot="p5.48xlarge us-east-1 12 USD")
    assert (unknown.verdict, "is not known" in unknown.why) == (Verdict.DEFER, True)
    with pytest.raises(BadInput, match="is in USD; give the limit in USD"):
        ask(where, "atlas", spot="p4d.24xlarge us-east-1 12 EUR")


def bill(where: Settings, *lines: tuple[str, int, str]) -> None:
    """Add spot charges of a machine to what is published: day, hours, cost."""
    import duckdb

    fact = where.published_dir / "current" / "fct_focus_costs" / "provider=aws" / "billing_period=2025-06"
    fact.mkdir(parents=True)
    columns = (
        "charge_period_start timestamp, billing_currency varchar, effective_cost decimal(38, 12), pricing_unit varchar,"
        " pricing_quantity decimal(38, 12), consumed_unit varchar, consumed_quantity decimal(38, 12),"
        " x_instance_type varchar, region_id varchar, pricing_category varchar, charge_category varchar"
    )
    with duckdb.connect() as connection:
        connection.execute(f"create table bill ({columns})")
        for day, hours, cost in lines:
            machine = ("p4d.24xlarge", "us-east-1", "Dynamic", "Usage")
            row = (day, "USD", Decimal(cost), "Hours", hours, "Hours", hours, *machine)
            connection.execute("insert into bill values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            on_demand = (*row[:2], Decimal(1000), *row[3:9], "Standard", "Usage")
            connection.execute("insert into bill values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", on_demand)
        connection.execute(f"copy bill to '{fact / 'part.parquet'}'")
