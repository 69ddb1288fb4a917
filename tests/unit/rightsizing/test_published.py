"""From published marts to what readers see: findings that pass their gate, the page, and proposals as code."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from tests.published_resources import COSTS, MARTS, publish_resources
from tests.unit.transform.releases import JANUARY, make

from finops.core.errors import BadInput, Finding, NotReady
from finops.core.settings import Settings
from finops.pipelines import results
from finops.pipelines import rightsizing as pipeline
from finops.rightsizing import as_code, proposals, rows, rule_rows, service, settlement
from finops.rightsizing.rules import NAMES
from finops.rightsizing.savings_tables import SAVINGS
from finops.rightsizing.tables import FINDINGS, TABLES
from finops.stores import published
from finops.stores.state import suppressions
from finops.stores.state.store import open_state

LAST = date(2025, 2, 1)


@pytest.fixture
def company(settings: Settings, tmp_path: Path) -> Settings:
    """A published January of the crafted warehouse, with seven resources, and rules that wait for nothing."""
    publish_resources(settings)
    configure(tmp_path, "rules: {consecutive_findings: 1}\n")
    return settings.model_copy(update={"config_dir": tmp_path / "own"})


def configure(folder: Path, text: str) -> None:
    (folder / "own").mkdir(exist_ok=True)
    (folder / "own" / "rightsizing.yml").write_text(text, encoding="utf-8")


def found(where: Settings) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["rule"], each["resource_id"]): each for each in service.findings(where)}


def publish(where: Settings, run_date: str) -> published.Publication:
    planned = service.plan(where, date.fromisoformat(run_date))
    return results.publish(where, "rightsizing", TABLES, service.results(where, planned), "x")


def test_waste_is_found_at_what_it_really_costs_and_nothing_else_is(company: Settings) -> None:
    rows_now = found(company)
    assert {key: each["status"] for key, each in rows_now.items() if key[0] != "buy_commitment"} == {
        ("idle_gpu", "i-idle"): "proposed",
        ("oversized_machine", "i-large"): "proposed",
        ("oversized_machine", "i-<b>x</b>"): "refused",
        ("old_volume_type", "vol-gp2"): "proposed",
        ("unattached_disk", "vol-free"): "proposed",
    }
    idle = rows_now["idle_gpu", "i-idle"]
    month = Decimal("73.44") * 730 / 24
    assert round(idle["monthly_cost"], 6) == round(idle["monthly_saving"], 6) == round(month, 6)
    # Catalogue prices give the ratio of a quarter, the bill the level.
    large = rows_now["oversized_machine", "i-large"]
    assert round(large["monthly_saving"], 6) == round(Decimal("18.432") * 730 / 24 * Decimal("0.75"), 6)
    assert (idle["run_date"], idle["owner"], idle["project"]) == (LAST, "cc-1", "atlas")


def remade(where: Settings, mart: str, query: str) -> None:
    [folder] = published.latest(where).path.glob(f"{mart}/*")
    duckdb.sql(f"copy ({query}) to '{folder / 'part.parquet'}'")


def test_costs_that_another_release_has_published_are_to_be_built_again(company: Settings) -> None:
    remade(company, "mart_resource_costs", f"select * exclude (provisioned_cost) from ({COSTS})")
    path = published.latest(company).path / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["columns"]["mart_resource_costs"].remove("provisioned_cost")
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(NotReady, match=r"mart_resource_costs is published by another release.*finops kpis build"):
        service.plan(company)


def test_a_credit_lowers_no_saving_since_it_would_pay_for_something_else(company: Settings) -> None:
    remade(company, "mart_resource_costs", f"select * replace (-5 as effective_cost) from ({COSTS})")
    idle = found(company)["idle_gpu", "i-idle"]
    assert round(idle["monthly_saving"], 6) == round(Decimal("73.44") * 730 / 24, 6)


def test_what_has_vanished_from_the_newest_inventory_of_its_account_is_no_waste(company: Settings) -> None:
    inventory = MARTS["mart_resource_inventory"]
    gone = "if(resource_id = 'i-idle', date '2025-01-30', last_observed_on) as last_observed_on"
    remade(company, "mart_resource_inventory", f"select * replace ({gone}) from ({inventory})")
    assert ("idle_gpu", "i-idle") not in found(company)
    assert ("oversized_machine", "i-large") in found(company)
    then = service.findings(company, date(2025, 1, 31))
    assert "i-idle" in {each["resource_id"] for each in then}, "it was still there"


def test_as_of_a_past_day_a_machine_is_as_large_as_its_bill_said_then(company: Settings) -> None:
    was = "if(charge_date < date '2025-01-20', 'm5.4xlarge', 'm5.xlarge')"
    resized = f"if(resource_id = 'i-large', {was}, '') as instance_type"
    remade(company, "mart_resource_costs", f"select * replace ({resized}) from ({COSTS})")
    inventory = MARTS["mart_resource_inventory"]
    now = "if(resource_id = 'i-large', 'm5.xlarge', instance_type) as instance_type"
    remade(company, "mart_resource_inventory", f"select * replace ({now}) from ({inventory})")
    assert ("oversized_machine", "i-large") not in found(company)
    [then] = [each for each in service.findings(company, date(2025, 1, 20)) if each["resource_id"] == "i-large"]
    assert json.loads(then["facts"])["from"] == "m5.4xlarge"


def test_findings_are_published_and_become_proposals_when_the_next_run_finds_them_again(
    company: Settings, tmp_path: Path
) -> None:
    configure(tmp_path, "rules: {consecutive_findings: 2}\n")
    query = "select status, times_seen, first_seen from mart_findings where rule = 'idle_gpu' order by run_date"
    publish(company, "2025-01-30")
    version = publish(company, "2025-01-31")
    with version.connect() as connection:
        assert connection.execute(query).fetchall() == [
            ("waiting", 1, date(2025, 1, 30)),
            ("proposed", 2, date(2025, 1, 30)),
        ]
    again = publish(company, "2025-01-31")
    with again.connect() as connection:
        assert len(connection.execute(query).fetchall()) == 2


def test_after_a_run_that_found_nothing_there_is_nothing_to_plan_and_nothing_was_found_before(
    company: Settings, tmp_path: Path
) -> None:
    """What was found days ago is no finding of today, and not found twice in a row once it comes back."""
    publish(company, "2025-01-30")
    nothing = service.Planned(date(2025, 1, 31), ())
    version = results.publish(company, "rightsizing", TABLES, service.results(company, nothing), "y")
    assert service.published_findings(company) == []
    assert proposals.rows(company) == []
    assert proposals.rows(company, date(2025, 1, 30)) != []
    assert rows.seen_before(version, date(2025, 2, 1)) == {}
    assert rows.seen_before(version, date(2025, 1, 31)) != {}


def test_a_row_gives_back_the_change_that_it_was_made_of(company: Settings) -> None:
    pipeline.find(company)
    by_key = {each["finding_key"]: each for each in service.published_findings(company)}
    planned = service.plan(company)
    assert {each.finding.key: each.finding.change for each in planned.found} == {
        key: rows.change_of(each) for key, each in by_key.items()
    }


def test_a_run_publishes_once_until_something_changes(company: Settings, tmp_path: Path) -> None:
    first = pipeline.find(company)
    assert first.build_id is not None
    assert pipeline.find(company).build_id is None
    configure(tmp_path, "rules: {consecutive_findings: 1, off: [idle_gpu]}\n")
    found = pipeline.find(company)
    assert found.build_id is not None
    assert found.findings == first.findings - 1
    said_at, until = datetime(2025, 2, 1, tzinfo=UTC), date(2999, 1, 1)
    with open_state(company).begin() as connection:
        kept = suppressions.Suppression("old_volume_type:aws:vol-gp2", "ada", "kept", said_at, until)
        suppressions.suppress(connection, kept)
    assert pipeline.find(company).build_id is not None


def of_rules(where: Settings) -> dict[tuple[str, str], tuple[Any, ...]]:
    query = """
        select rule, billing_currency, state, reason, findings, left_alone, last_actions, estimated, realised
        from mart_rightsizing_rules
    """
    with published.latest(where).connect() as connection:
        return {row[:2]: row[2:] for row in connection.execute(query).fetchall()}


def test_each_rule_says_whether_it_proposes_what_it_found_and_why_not(company: Settings, tmp_path: Path) -> None:
    pipeline.find(company)
    assert of_rules(company)["oversized_machine", "USD"] == ("enabled", "", 1, 0, 0, 0, 0)
    assert of_rules(company)["oversized_machine", "EUR"] == ("enabled", "", 0, 1, 0, 0, 0)
    configure(tmp_path, "rules: {consecutive_findings: 1, off: [idle_gpu]}\n")
    with open_state(company).begin() as connection:
        suppressions.disable(connection, "old_volume_type", "its last 3 actions realised 0%", datetime.now(UTC))
    assert pipeline.find(company).build_id is not None
    rules = of_rules(company)
    assert rules["idle_gpu", "(none)"] == ("off", "rules.off in rightsizing.yml has it", 0, 0, 0, 0, 0)
    assert rules["old_volume_type", "USD"] == ("set_aside", "its last 3 actions realised 0%", 1, 0, 0, 0, 0)
    assert {row["rule"] for row in rule_rows.newest(published.latest(company))} >= set(NAMES)


def saved(number: int, **facts: Any) -> dict[str, Any]:
    usual = {
        **{"billing_currency": "USD", "action_id": f"a-{number}", "rule": "idle_gpu", "action": "stop_machine"},
        **{"owner": "cc-1", "provider": "aws", "account_id": "1", "resource_id": f"i-{number}", "days": 20},
        **{"effective_from": date(2025, 1, number), "added_cost": 0, "estimated": 100, "realised": 10 * number},
    }
    return usual | facts


def test_what_the_last_actions_of_a_rule_saved_stands_with_it_and_on_the_page(company: Settings) -> None:
    """The last three of which a week is known; the first of four, and one of three days, do not count."""
    savings = [saved(number) for number in (1, 2, 3, 4)] + [saved(5, days=3)]
    results.publish(company, "action_savings", (SAVINGS,), {SAVINGS.name: {"2025-01": savings}}, "x")
    pipeline.find(company)
    assert of_rules(company)["idle_gpu", "USD"] == ("enabled", "", 1, 0, 3, 300, 90)
    page = settlement.write_page(company).read_text(encoding="utf-8")
    assert "Last actions of each rule" in page
    assert "30.0 %" in page


def test_a_rule_that_is_switched_off_is_on_the_page_of_savings(company: Settings, tmp_path: Path) -> None:
    configure(tmp_path, "rules: {off: [idle_gpu]}\n")
    pipeline.find(company)
    page = settlement.write_page(company).read_text(encoding="utf-8")
    assert "Rules that propose nothing" in page
    assert "switched off in rightsizing.yml" in page


def test_rules_of_the_months_other_run_dates_stay(company: Settings) -> None:
    publish(company, "2025-01-30")
    version = publish(company, "2025-01-31")
    with version.connect() as connection:
        days = connection.execute("select distinct run_date from mart_rightsizing_rules order by 1").fetchall()
    assert days == [(date(2025, 1, 30),), (date(2025, 1, 31),)]


def test_a_saving_above_the_cost_is_refused_by_the_gate(company: Settings) -> None:
    made = service.results(company, service.plan(company))
    [month] = made[FINDINGS.name]
    made[FINDINGS.name][month]["monthly_saving"] = Decimal(10**9)  # type: ignore[index, call-overload]
    with pytest.raises(Finding, match="nothing saves more than it costs"):
        results.publish(company, "rightsizing", TABLES, made, "x")


def test_the_page_shows_totals_per_currency_and_why_what_is_refused_is_and_names_as_text(company: Settings) -> None:
    pipeline.find(company)
    text = (company.root / "rightsizing" / "index.html").read_text(encoding="utf-8")
    listed = service.published_findings(company)
    total = sum(
        each["monthly_saving"]
        for each in listed
        if each["billing_currency"] == "USD" and each["status"] in ("proposed", "waiting", "decision")
    )
    assert f"{total:,.2f}" in text
    assert "<b>x</b>" not in text
    assert "member of the scaling group asg" in text
    assert "95 % of its hours used at most 0.5 % of 1 V100" in text


def test_proposals_as_code_are_snippets_for_each_owner_with_a_text_for_the_pull_request(
    company: Settings, tmp_path: Path
) -> None:
    pipeline.find(company)
    written = as_code.write(company, tmp_path / "code")
    names = sorted(path.name for path in written)
    assert [name.rsplit("-", 1)[0] for name in names if name.endswith(".tf")] == [
        "old-volume-type-vol-gp2",
        "oversized-machine-i-large",
    ]
    [resize] = [path.read_text(encoding="utf-8") for path in written if path.name.startswith("oversized")]
    assert 'instance_type = "m5.xlarge"' in resize
    [request] = [path.read_text(encoding="utf-8") for path in written if path.name == "PULL_REQUEST.md"]
    assert request.startswith("# Save cost: 2 changes")


def row(**facts: Any) -> dict[str, Any]:
    usual = {
        "provider": "aws",
        "resource_id": "serve/atlas",
        "rule": "",
        "action": "",
        "parameters": "{}",
        "facts": "{}",
    }
    return {**usual, **facts}


BY_HOUR = json.dumps(
    {
        "changes": [
            {"days": ["Monday", "Tuesday"], "at": "06:00", "minimum": 4, "maximum": 6},
            {"days": ["Monday", "Tuesday"], "at": "20:00", "minimum": 1, "maximum": 1},
            {"days": ["Sunday"], "at": "22:00", "minimum": 2, "maximum": 2},
        ],
        "scale_out_at": 70,
        "requests_per_instance_hour": 120.0,
    }
)


def test_a_schedule_of_least_and_most_by_hour_is_yaml_of_keda_and_of_the_autoscaler() -> None:
    made = dict(as_code.snippets(row(rule="scheduled_scaling", facts=BY_HOUR)))
    keda = yaml.safe_load(made[".keda.yaml"])["spec"]
    assert (keda["minReplicaCount"], keda["maxReplicaCount"]) == (1, 6)
    use, *hours = keda["triggers"]
    assert (use["type"], use["metadata"]) == ("cpu", {"value": "70"})
    assert [tuple(each["metadata"].values()) for each in hours] == [
        ("UTC", "0 0 * * 1", "0 6 * * 1", "2"),
        ("UTC", "0 6 * * 1,2", "0 20 * * 1,2", "4"),
        ("UTC", "0 22 * * 0", "0 0 * * 1", "2"),
    ], "cron knows no span over midnight; its week begins on Sunday"
    hpa = yaml.safe_load(made[".hpa.yaml"])["spec"]
    assert (hpa["minReplicas"], hpa["maxReplicas"]) == (1, 6)


def test_a_schedule_of_a_sagemaker_endpoint_is_terraform_with_each_change_and_when_to_scale_between() -> None:
    parameters = json.dumps({"variant": "blue", "changes": json.loads(BY_HOUR)["changes"]})
    asked = row(rule="scheduled_scaling", action="schedule_endpoint", parameters=parameters, facts=BY_HOUR)
    [(suffix, text)] = as_code.snippets(asked)
    assert suffix == ".tf"
    assert text.count('resource "aws_appautoscaling_scheduled_action"') == 3
    assert 'schedule = "cron(0 6 ? * MON,TUE *)"' in text
    assert "    min_capacity = 4\n    max_capacity = 6\n" in text
    assert "ignore_changes = [min_capacity, max_capacity]" in text
    assert "target_value = 2.000" in text, "requests a minute: 120 an hour at the target use"


def test_fewer_provisioned_is_one_argument_of_the_endpoints_configuration() -> None:
    wanted = json.dumps({"variant": "main", "concurrency": 3, "from_concurrency": 10})
    [(ending, text)] = as_code.snippets(row(action="set_concurrency", parameters=wanted))
    assert ending == ".tf"
    assert text.endswith("serverless_config {\n  provisioned_concurrency = 3\n}\n")


def test_a_hostile_name_stays_a_text_of_terraform() -> None:
    lifecycle = {"rules": [{"id": "x", "prefix": 'a"\n}${file("/etc/passwd")}', "archive_after_days": 30}]}
    [(_, text)] = as_code.snippets(row(action="set_lifecycle", parameters=json.dumps(lifecycle)))
    assert '"a\\"\\n}$${file(\\"/etc/passwd\\")}"' in text


def test_without_published_costs_of_resources_it_says_what_to_do(settings: Settings, tmp_path: Path) -> None:
    make(settings, JANUARY, "build-1")
    with pytest.raises(NotReady, match="finops kpis build"):
        service.plan(settings)
    with pytest.raises(NotReady, match="no findings are published yet"):
        as_code.write(settings, tmp_path)


def test_a_fault_in_the_rules_names_file_line_and_key(company: Settings, tmp_path: Path) -> None:
    configure(tmp_path, "rules:\n  schedules:\n    nights: {time_zone: Mars/Olympus}\n")
    with pytest.raises(BadInput, match=r"rightsizing\.yml:3: .*unknown time zone 'Mars/Olympus'"):
        service.plan(company)


def test_waste_is_found_without_a_forecast_of_requests_that_the_gate_refuses(
    company: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: Any) -> None:
        raise Finding("the gate refuses 3 rows")

    monkeypatch.setattr(pipeline.forecasts, "run_requests", refused)
    assert pipeline.find(company).findings > 0
    assert "no scaling by the hour is proposed: the gate refuses 3 rows" in caplog.text
