"""What budgets publish passes its gate, keeps other run dates, and is what the page and the command show."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.budgets import world
from tests.unit.budgets.world import charges, publish
from tests.unit.transform.releases import JANUARY, make
from typer.testing import CliRunner

from finops.budgets import plan, rows, service
from finops.budgets.tables import BUDGETS, PROPOSALS, TABLES
from finops.cli import app
from finops.core.errors import BadInput, Finding
from finops.core.settings import Settings
from finops.pipelines import budgets as pipeline
from finops.pipelines import results
from finops.stores import published

BUDGETS_YML = """
tree:
  - id: all
    name: "<b>All & sundry</b>"
    currency: USD
    from: 2025-01
    to: 2025-12
    amount: 0.5
    actions: [{do: deny, when: forecast 100}]
    children:
      - {id: year, amount: 90000000, per: year, roll_over: true}
      - {id: euros, currency: EUR, amount: 400, scope: {provider: aws}}
"""


@pytest.fixture
def company(settings: Settings, tmp_path: Path) -> Settings:
    """A published January of the crafted warehouse, and budgets of it."""
    make(settings, JANUARY, "build-1")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "budgets.yml").write_text(BUDGETS_YML, encoding="utf-8")
    return settings.model_copy(update={"config_dir": tmp_path / "own"})


def run(where: Settings, run_date: str | None = None) -> published.Publication:
    found = service.evaluate_all(where, None if run_date is None else date.fromisoformat(run_date))
    return results.publish(where, "budgets", TABLES, service.results(where, found), "x")


def select(version: published.Publication, query: str) -> list[tuple[Any, ...]]:
    with version.connect() as connection:
        return connection.execute(query).fetchall()


def test_what_is_published_is_what_was_charged_and_stays_when_other_run_dates_come(company: Settings) -> None:
    last = service.evaluate_all(company).run_date
    version = run(company)
    [(actual, charged)] = select(
        version,
        "select actual, (select sum(effective_cost) from fct_daily_costs where billing_currency = 'USD' "
        "and strftime(charge_date, '%Y-%m') = '2025-01') from mart_budgets "
        "where budget = 'all' and period_first = '2025-01-01'",
    )
    assert actual == charged
    before = select(version, f"select * from mart_budgets where run_date = '{last}' order by all")
    again = run(company)
    assert select(again, f"select * from mart_budgets where run_date = '{last}' order by all") == before


def test_a_run_of_another_day_of_the_month_keeps_the_rows_of_the_first(company: Settings) -> None:
    first = run(company, "2025-01-03")
    kept = select(first, "select * from mart_budgets order by all")
    both = run(company, "2025-01-04")
    assert select(both, "select * from mart_budgets where run_date = '2025-01-03' order by all") == kept
    assert select(both, "select distinct run_date from mart_budget_days") == [(date(2025, 1, 4),)]


def test_of_too_many_rows_the_oldest_run_dates_go(company: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_KEPT", 4)
    for day in ("2025-01-02", "2025-01-03", "2025-01-04"):
        version = run(company, day)
    days = select(version, "select distinct run_date from mart_budgets order by 1")
    assert days == [(date(2025, 1, 3),), (date(2025, 1, 4),)]


def test_rows_that_contradict_themselves_are_refused(company: Settings) -> None:
    found = service.results(company, service.evaluate_all(company))
    [month] = found[BUDGETS.name]
    frame = found[BUDGETS.name][month]
    frame["standing"] = "in order"  # type: ignore[index, call-overload]
    with pytest.raises(Finding, match="has used up its limit is breached"):
        results.publish(company, "budgets", TABLES, found, "x")


def test_the_page_shows_names_as_text_and_what_is_published(company: Settings) -> None:
    version = run(company)
    text = service.write_page(company).read_text(encoding="utf-8")
    assert "<b>All" not in text
    assert "&lt;b&gt;All &amp; sundry&lt;/b&gt;" in text
    assert 'id="budget-all"' in text
    [(proposal,)] = select(version, f"select proposal from {PROPOSALS.name}")
    assert proposal in text
    assert "Proposed, not applied" in text


def test_the_check_prints_what_is_evaluated_and_a_breach_is_its_exit_status(company: Settings) -> None:
    environment = {"FINOPS_HOME": str(company.root), "FINOPS_CONFIG_DIR": str(company.configuration_dir)}
    done = CliRunner().invoke(app, ["budgets", "check", "--json"], env=environment)
    found = {(each["budget"], each["period_first"]): each for each in json.loads(done.stdout)["budgets"]}
    assert done.exit_code == 1
    assert found["all", "2025-01-01"]["standing"] == "breached"
    fine = CliRunner().invoke(app, ["budgets", "check", "--budget", "year"], env=environment)
    assert (fine.exit_code, "in order" in fine.stdout) == (0, True)
    wrong = CliRunner().invoke(app, ["budgets", "check", "--budget", "none"], env=environment)
    assert isinstance(wrong.exception, BadInput)
    assert "--budget 'none' is none of budgets.yml" in str(wrong.exception)
    assert not (company.root / "budgets").exists()


def test_a_plan_covers_what_the_months_cost_and_is_a_valid_file_once_written(tmp_path: Path) -> None:
    where = settings_of(tmp_path)
    publish(where, [*charges("2025-01-01", 59, 10), *charges("2025-01-01", 59, 3, cost_center='odd: "name"')])
    proposed = plan.propose(where)
    assert [(each.value, each.months) for each in proposed] == [("cc-1", 2), ('odd: "name"', 2)]
    # A run-rate of 10 a day over a mean month, and the least margin of 5 %, rounded up.
    assert proposed[0].amount == 320 >= Decimal("304.375") * Decimal("1.05")
    environment = {"FINOPS_HOME": str(where.root), "FINOPS_CONFIG_DIR": str(where.configuration_dir)}
    out = where.configuration_dir / "budgets.yml"
    done = CliRunner().invoke(app, ["budgets", "plan", "--months", "3"], env=environment)
    assert (done.exit_code, out.read_text(encoding="utf-8")) == (0, "")
    done = CliRunner().invoke(app, ["budgets", "plan", "--months", "3", "--out", str(out)], env=environment)
    assert done.exit_code == 0
    found = service.budgets.lines(where).lines
    assert [(each.amount, str(each.first), str(each.last)) for each in found] == [
        (proposed[0].amount, "2025-03-01", "2025-05-31"),
        (proposed[1].amount, "2025-03-01", "2025-05-31"),
    ]


def settings_of(folder: Path) -> Settings:
    """Return settings with an empty configuration."""
    return world.settings(folder)


def test_a_run_publishes_what_is_new_once_and_tells_what_a_killed_run_has_not(
    company: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told is settled apart from the publication: killed between the two, the next run makes up for it."""
    with monkeypatch.context() as killed:
        killed.setattr(service, "settle", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            pipeline.run(company)
    first = published.latest(company).build_id
    again = pipeline.run(company)
    assert (again.build_id, again.told > 0) == (None, True), "it was published, and nobody had been told"
    assert published.latest(company).build_id == first
    assert pipeline.run(company).told == 0
    (company.root / "budgets" / "index.html").read_text(encoding="utf-8")


def test_of_a_past_day_nobody_is_told(company: Settings) -> None:
    done = pipeline.run(company, date(2025, 1, 10))
    assert (str(done.run_date), done.told) == ("2025-01-10", 0)
    assert done.build_id is not None
    assert pipeline.run(company).told > 0, "what is due now still is"
