"""What rules know around a resource is what the published marts say of the days before the run date."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.budgets.world import charge, publish

from finops.core.errors import NotReady
from finops.core.settings import Settings
from finops.policy.rightsizing_rules import Rules
from finops.rightsizing import surroundings
from finops.rightsizing.read import Around
from finops.rightsizing.resource import Asked, Catalogue, Known, Machine, Runs
from finops.stores import published

RUN_DATE = date(2025, 6, 21)
_MONTH = "billing_period varchar, provider varchar, billing_currency varchar"
_RUN = "billing_period varchar, billing_currency varchar"
_HEAD = ("2025-06", "aws", "USD")
_COST = ", ".join(f"{name} decimal(38, 12)" for name in ("effective_cost", "on_demand_cost"))
_CHECKPOINTS = (
    "run_id varchar, stage varchar, started_at timestamp, ended_at timestamp, checkpoints bigint, "
    "longest_hours_without_checkpoint decimal(38, 12)"
)
Mart = tuple[str, list[tuple[Any, ...]]]


def inventory(*rows: tuple[Any, ...]) -> Mart:
    columns = "resource_id varchar, resource_type varchar, instance_type varchar, ai_stage varchar"
    return f"{_MONTH}, {columns}, attached_to varchar, created_at timestamp", [(*_HEAD, *each) for each in rows]


def costs(days: int = 20) -> Mart:
    listed = [
        (*_HEAD, date(2025, 6, 1 + day), name, 10, amount + day)
        for day in range(days)
        for name, amount in (("i-1", 10),)
    ]
    return f"{_MONTH}, charge_date date, resource_id varchar, {_COST}", listed


@pytest.fixture
def where(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", config_dir=tmp_path)


def read(where: Settings, rules: Rules | None = None, **marts: Mart) -> tuple[Known, Around]:
    publish(where, [charge("2025-06-01", 1)], **marts)
    version = published.latest(where)
    with version.connect() as connection:
        return surroundings.read(connection, version, rules or Rules(), RUN_DATE)


def test_without_any_of_the_marts_nothing_is_known(where: Settings) -> None:
    known, around = read(where)
    assert (known.stored, known.asked, known.work, around.commitments) == ({}, {}, {}, [])


@pytest.mark.parametrize(
    ("provider", "name", "written"),
    [
        ("azure", "standard_e8s_v5", "Standard_E8s_v5"),
        ("azure", "standard_nc24ads_a100_v4", "Standard_NC24ads_A100_v4"),
        ("azure", "standard_nd96amsr_a100_v4", "Standard_ND96amsr_A100_v4"),
        ("gcp", "a2-highgpu-1g", "a2-highgpu-1g"),
    ],
)
def test_a_type_is_named_as_its_provider_writes_it(provider: str, name: str, written: str) -> None:
    assert surroundings.as_written(provider, name) == written


def test_a_day_that_nobody_counted_says_nothing_about_requests(where: Settings) -> None:
    columns = "charge_date date, endpoint_id varchar, ai_model varchar, model_version varchar, serving_stage varchar, "
    numbers = "requests bigint, successes bigint, tokens_in bigint, allocated_cost decimal(38, 12)"
    counted = [(*_HEAD, date(2025, 6, day), "e-1", "m", "v1", "production", 0, 0, None, 5) for day in range(9, 19)]
    silent = [(*_HEAD, date(2025, 6, day), "e-1", "m", "(none)", "(none)", 0, 0, None, 5) for day in (19, 20)]
    before = [(*_HEAD, date(2025, 6, 2), "e-1", "m", "v1", "production", 900, 900, None, 5)]
    known, _ = read(where, mart_inference_costs=(f"{_MONTH}, {columns}{numbers}", before + counted + silent))
    assert known.asked == {("aws", "e-1"): Asked(10, 0)}


FORECASTS = (
    "billing_period varchar, provider varchar, billing_currency varchar, run_date date, endpoint_id varchar, "
    "hour_start timestamp, hi_80 double, hi_95 double, history_days bigint"
)


def expected(run_date: date, endpoint: str = "e-1", hours: int = 168, days: int = 56) -> list[tuple[object, ...]]:
    """Return a forecast's hours; the bound of 80 % is the hour of the week, counted from Monday 00:00."""
    begin = datetime.combine(run_date, time.min)
    moments = [begin + timedelta(hours=number) for number in range(hours)]
    return [
        (f"{run_date:%Y-%m}", "aws", "(none)", run_date, endpoint, each, place, place + 0.5, days)
        for each in moments
        for place in [each.weekday() * 24 + each.hour]
    ]


def test_the_newest_forecast_of_requests_is_read_by_the_hour_of_the_week(where: Settings) -> None:
    rows = expected(date(2025, 6, 16)) + expected(date(2025, 6, 18)) + expected(date(2025, 6, 22))
    rows += expected(date(2025, 6, 18), "e-short", hours=100) + expected(date(2025, 6, 18), "e-new", days=20)
    known, _ = read(where, mart_request_forecasts=(FORECASTS, rows))
    assert set(known.expected) == {("aws", "e-1")}, "not what lacks hours, and not what is known for too few days"
    found = known.expected["aws", "e-1"]
    assert found.run_date == date(2025, 6, 18), "what was forecast after the run date is not known"
    assert found.lower == tuple(range(168))
    assert found.upper[:2] == (0.5, 1.5)


def test_an_old_forecast_of_requests_says_nothing(where: Settings) -> None:
    assert read(where, mart_request_forecasts=(FORECASTS, expected(date(2025, 6, 14))))[0].expected == {}


def test_checkpoints_of_a_part_of_the_month_are_scaled_to_a_whole_one(where: Settings) -> None:
    columns = "resource_id varchar, model varchar, stale_checkpoints bigint, stale_bytes decimal(38, 12), "
    columns += "stale_cost decimal(38, 12), old_checkpoints bigint, old_bytes decimal(38, 12), "
    columns += "archive_saving decimal(38, 12)"
    gib = 2**30
    rows = [
        (*_HEAD, "b-1", "atlas", 3, 50 * gib, 40, 8, 100 * gib, 10),
        (*_HEAD, "b-1", "(other)", 0, 0, 0, 0, 0, 0),
    ]
    known, _ = read(where, mart_checkpoint_storage=(f"{_MONTH}, {columns}", rows), mart_resource_costs=costs())
    stored = known.stored["aws", "b-1"]
    # 20 of 30.4 days; of what is archived, the half that is deleted anyway saves nothing twice.
    assert round(stored.stale_cost, 6) == round(40 * Decimal(730) / 24 / 20, 6)
    assert round(stored.archive_saving, 6) == round(5 * Decimal(730) / 24 / 20, 6)


def test_work_is_compared_by_what_finished_runs_cost_per_epoch_on_a_type(where: Settings) -> None:
    columns = (
        "resource_id varchar, ai_model varchar, status varchar, epochs decimal(38, 12), "
        f"effective_cost decimal(38, 12), {_CHECKPOINTS}"
    )
    none = ("r", "training", None, None, 0, None)
    runs = [
        (*_HEAD, "i-1", "atlas", "finished", 10, 30, *none),
        (*_HEAD, "i-1", "atlas", "finished", 10, 50, *none),
        (*_HEAD, "i-1", "atlas", "failed", 1, 900, *none),
    ]
    known, _ = read(
        where,
        mart_training_run_costs=(f"{_MONTH}, {columns}", runs),
        mart_resource_inventory=inventory(("i-1", "machine", "p3.2xlarge", "training", "", None)),
    )
    assert known.work == {("aws", "atlas", "USD", "p3.2xlarge", "epoch"): Decimal(4)}


def test_what_an_interruption_costs_a_machine_is_known_by_its_runs_of_the_window(where: Settings) -> None:
    """One was over before it, one goes on from May, one of another machine has written nothing so far."""
    may = ("2025-05", "aws", "USD")
    rows = [
        (*_HEAD, "i-1", "old", "training", "2025-06-01", "2025-06-02", 0, 24),
        (*may, "i-1", "long", "training", "2025-05-20", None, 90, 9),
        (*_HEAD, "i-1", "long", "training", "2025-05-20", None, 300, 3),
        (*_HEAD, "i-1", "brief", "training", "2025-06-19", "2025-06-19 02:00", 0, 2),
        (*_HEAD, "i-1", "late", "training", "2025-03-01", "2025-03-02", None, None),
        (*_HEAD, "i-2", "new", "training", "2025-06-20 23:00", None, 0, 1),
    ]
    known, _ = read(where, mart_training_run_costs=(f"{_MONTH}, resource_id varchar, {_CHECKPOINTS}", rows))
    assert known.runs == {("aws", "i-1"): Runs(2, 3.0, True), ("aws", "i-2"): Runs(1, 1.0, False)}


def test_snapshots_of_a_day_are_in_the_order_in_which_they_were_made(where: Settings) -> None:
    known, _ = read(
        where,
        mart_resource_inventory=inventory(
            ("s-b", "snapshot", "", "", "vol-1", "2025-06-01 03:00"),
            ("s-a", "snapshot", "", "", "vol-1", "2025-06-01 09:00"),
            ("s-c", "snapshot", "", "", "vol-1", "2025-06-02 09:00"),
        ),
    )
    assert known.snapshots == {
        ("aws", "vol-1", date(2025, 6, 1)): ["s-b", "s-a"],
        ("aws", "vol-1", date(2025, 6, 2)): ["s-c"],
    }


def test_the_floor_of_commitments_is_the_least_day_and_unused_ones_are_held_against_batch_work(where: Settings) -> None:
    columns = "commitment_type varchar, used_cost decimal(38, 12), unused_cost decimal(38, 12), "
    columns += "commitment_savings_rate decimal(38, 12), utilization decimal(38, 12)"
    known, around = read(
        where,
        mart_commitment_kpis=(f"{_MONTH}, {columns}", [(*_HEAD, "(all)", 100, 39, 30, 72)]),
        mart_resource_costs=costs(),
        mart_resource_inventory=inventory(("i-1", "machine", "m5.large", "evaluation", "", None)),
    )
    assert around.floors == {("aws", "USD"): (20, Decimal(10))}
    assert known.unused == {("aws", "USD"): Decimal("0.1")}
    assert around.commitments[0].utilization == 72


def test_commitments_whose_bill_says_when_they_end_are_known_by_their_id(where: Settings) -> None:
    columns = _texts("commitment_discount_id", "commitment_discount_type")
    columns += ", used_cost decimal(38, 12), unused_cost decimal(38, 12), expires_on date"
    ends = date(2025, 8, 31)
    rows = [(*_HEAD, "sp-1", "Savings Plan", 15, 5, ends), (*_HEAD, "cud-1", "Spend-based", 9, 0, None)]
    known, around = read(where, mart_commitments=(f"{_MONTH}, {columns}", rows), mart_resource_costs=costs())
    assert known.commitment_ends == {("aws", "sp-1"): ends}
    [ending] = around.endings
    # 20 of 30.4 days.
    assert (ending.ident, ending.expires_on, round(ending.monthly_cost, 6)) == ("sp-1", ends, Decimal("30.416667"))


def test_what_another_release_has_published_is_to_be_built_again(where: Settings) -> None:
    old = "commitment_discount_id varchar, used_cost decimal(38, 12)"
    with pytest.raises(NotReady, match=r"mart_commitments is published by another release.*finops build"):
        read(where, mart_commitments=(f"{_MONTH}, {old}", [(*_HEAD, "sp-1", 1)]))


_BUDGET = ("2025-06", "USD")


def standings(*days: int) -> Mart:
    return f"{_RUN}, run_date date, budget varchar", [(*_BUDGET, date(2025, 6, day), "atlas") for day in days]


def proposals(
    *days: int, scope: str | None = '{"cost_center": ["cc-1"]}', last: date | None = date(2025, 6, 30)
) -> Mart:
    columns = f"{_RUN}, run_date date, period_first date, period_last date, "
    columns += _texts("budget", "action", "threshold", "owner", "proposal", "scope", "documents")
    texts = ("atlas", "throttle", "actual 100", "cc-1")
    return columns, [
        (*_BUDGET, date(2025, 6, day), date(2025, 6, 1), last, *texts, f"day {day}", scope, "") for day in days
    ]


def test_what_budgets_propose_is_that_of_their_last_run_with_its_scope(where: Settings) -> None:
    known, _ = read(where, mart_budgets=standings(19, 20), mart_budget_proposals=proposals(19, 20))
    [breach] = known.breaches
    assert (breach.text, breach.scope, breach.last) == ("day 20", {"cost_center": ("cc-1",)}, date(2025, 6, 30))


def test_budgets_that_are_in_order_again_or_were_asked_long_ago_propose_nothing(where: Settings) -> None:
    assert read(where, mart_budgets=standings(19, 20), mart_budget_proposals=proposals(19))[0].breaches == []


def test_what_budgets_said_days_ago_says_nothing_of_today(where: Settings) -> None:
    assert read(where, mart_budgets=standings(17), mart_budget_proposals=proposals(17))[0].breaches == []


def test_a_period_that_is_over_proposes_nothing(where: Settings) -> None:
    over = proposals(20, last=date(2025, 6, 20))
    assert read(where, mart_budgets=standings(20), mart_budget_proposals=over)[0].breaches == []


def test_a_table_of_an_older_release_has_no_scope(where: Settings) -> None:
    columns, rows = proposals(20)
    older = columns.replace("period_last date, ", "").replace("scope varchar, ", "")
    texts = [(*each[:4], *each[5:10], "") for each in rows]
    [breach] = read(where, mart_budgets=standings(20), mart_budget_proposals=(older, texts))[0].breaches
    assert (breach.scope, breach.last) == (None, None)


def test_what_a_scope_may_cover_is_counted_and_machines_of_groups_are_known_with_their_cost(where: Settings) -> None:
    columns = (
        f"{_MONTH}, resource_id varchar, resource_type varchar, state varchar, group_id varchar, account_id varchar, "
    )
    columns += "region varchar, cost_center varchar, ai_project varchar, ai_model varchar, ai_stage varchar, "
    columns += "environment varchar, first_observed_on date, last_observed_on date, instance_type varchar, "
    columns += "attached_to varchar, created_at timestamp"
    of = (
        "1",
        "us-east-1",
        "cc-1",
        "(none)",
        "(none)",
        "(none)",
        "dev",
        date(2025, 6, 1),
        date(2025, 6, 20),
        "",
        "",
        None,
    )
    machines = [
        (*_HEAD, name, "machine", state, "asg-1", *of) for name, state in (("i-1", "running"), ("i-2", "stopped"))
    ]
    known, around = read(
        where,
        mart_budgets=standings(20),
        mart_budget_proposals=proposals(20),
        mart_resource_inventory=(columns, machines),
        mart_resource_costs=(
            f"{_MONTH}, charge_date date, resource_id varchar, {_COST}, committed_cost decimal(38, 12)",
            [(*_HEAD, date(2025, 6, day), "i-1", 10, 6, 4) for day in range(7, 21)],
        ),
    )
    [place] = around.places
    assert (place.count, place.dimensions["cost_center"], place.dimensions["ai_project"]) == (1, "cc-1", "")
    members = known.members["aws", "asg-1"]
    assert (members.cost.effective, members.cost.committed) == (140, 56)
    assert [each["environment"] for each in members.dimensions] == ["dev"]


def test_open_attacks_are_passed_on(where: Settings) -> None:
    incidents = f"{_RUN}, incident_id varchar, first_day date, is_suspected_attack boolean, "
    incidents += _texts("provider", "sub_account_id", "region_id", "series", "owner", "title", "mitigation", "state")
    incidents += ", actual_cost decimal(38, 12), avoided_cost decimal(38, 12), traffic_times double"
    incidents += ", top_sources_percent double"
    texts = ("aws", "(all)", "us-east-1", "aws/e", "cc-1", "Requests of e", "limit them")
    rows = [
        ("2025-06", "USD", f"INC-{state}", date(2025, 6, 10), True, *texts, state, 90, 40, 12.0, None)
        for state in ("open", "closed")
    ]
    causes = f"{_RUN}, incident_id varchar, rank integer, dimension varchar, value varchar"
    _, around = read(
        where,
        mart_incidents=(incidents, rows),
        mart_incident_causes=(causes, [("2025-06", "USD", "INC-open", 2, "resource_id", "endpoint-1")]),
    )
    [attack] = around.attacks
    assert (attack.incident, attack.resource_id, attack.account) == ("INC-open", "endpoint-1", "")


def test_spot_saves_what_it_did_less_what_interruptions_took(where: Settings) -> None:
    columns = "on_demand_cost decimal(38, 12), net_benefit decimal(38, 12)"
    rows = [(*_HEAD, 100, 60), (*_HEAD, 100, None)]
    known, _ = read(where, mart_spot_jobs=(f"{_MONTH}, {columns}", rows))
    assert known.spot_discounts == {("aws", "USD"): Decimal("0.6")}


def test_transfer_of_runs_is_by_place(where: Settings) -> None:
    columns = _texts("attribution", "model", "source_zone", "destination_zone")
    columns += ", billed_cost decimal(38, 12), gigabytes decimal(38, 12)"
    rows = [(*_HEAD, "run", "atlas", "a", "b", 20, 1000), (*_HEAD, "unattributed", "(none)", "(none)", "(none)", 5, 1)]
    _, around = read(where, mart_epoch_transfer_costs=(f"{_MONTH}, {columns}", rows))
    assert [(each.source, each.destination, each.monthly_cost) for each in around.transfers] == [("a", "b", 20)]


def _texts(*names: str) -> str:
    return ", ".join(f"{name} varchar" for name in names)


def test_types_of_sagemaker_are_exchanged_among_themselves_alone() -> None:
    facts = {"gpus": 1, "architecture": "x86_64", "price": Decimal(1)}
    types = [Machine("aws", name, **facts) for name in ("g5.xlarge", "g5.2xlarge", "ml.g5.xlarge", "ml.g5.2xlarge")]  # type: ignore[arg-type]
    catalogue = Catalogue(types)
    for name in ("g5.xlarge", "ml.g5.xlarge"):
        machine = catalogue.get("aws", name)
        assert machine is not None
        others = {each.instance_type for each in catalogue.with_gpus(machine)}
        assert others == {name, name.replace("xlarge", "2xlarge")}
