"""A feature's results are published beside the marts: of the months that a run touched, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from tests.unit.transform.test_publish import JANUARY, files, make

from finops.core.errors import Finding
from finops.core.settings import Settings
from finops.core.sql import Sql
from finops.pipelines import results as pipeline
from finops.quality import gate
from finops.quality.models import Given, RowRule, Suite
from finops.serving.published_tables import read_tables
from finops.stores import dictionary, published
from finops.stores.published import Publication
from finops.stores.results import ResultColumn, ResultTable, published_rows

TABLE = ResultTable(
    "mart_guesses",
    "One row per run date and day: what somebody guesses.",
    (
        ResultColumn("billing_period", "varchar", "Month of the run date."),
        ResultColumn("billing_currency", "varchar", "Currency of the guess."),
        ResultColumn("run_date", "date", "When it was guessed."),
        ResultColumn("guess", "decimal(38,12)", "The guess, in billing_currency."),
        ResultColumn("share", "double", "How sure it is.", nullable=True),
    ),
    ("run_date",),
)
FEBRUARY = [("aws", "2025-02")]


@pytest.fixture(autouse=True)
def suite(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table's expectations: guesses are not negative."""
    others: Callable[[str, Given], Suite] = gate.suite_of

    def suite_of(table: str, given: Given) -> Suite:
        rules = (RowRule("a guess is not negative", "guess >= 0", ("run_date", "guess")),)
        return Suite(table, rules, scope=given.months) if table == TABLE.name else others(table, given)

    monkeypatch.setattr(gate, "suite_of", suite_of)


def guess(run_date: str, amount: str) -> dict[str, object]:
    return {"billing_currency": "USD", "run_date": run_date, "guess": Decimal(amount), "share": None}


def publish(settings: Settings, months: dict[str, list[dict[str, object]]], made_of: str = "x") -> Publication:
    return pipeline.publish(settings, "guessing", [TABLE], {TABLE.name: months}, made_of)


def guesses(version: Publication) -> list[tuple[str, str, Decimal]]:
    query = "select billing_period, run_date::varchar, guess from mart_guesses order by all"
    with version.connect() as connection:
        return connection.execute(query).fetchall()


def test_a_run_replaces_its_months_and_leaves_everything_else_as_it_was(settings: Settings) -> None:
    before = make(settings, JANUARY, "build-1")
    publish(settings, {"2025-01": [guess("2025-01-31", "1.10")], "2025-02": [guess("2025-02-01", "2")]})
    version = publish(settings, {"2025-02": [guess("2025-02-02", "3.30")]})

    assert guesses(version) == [
        ("2025-01", "2025-01-31", Decimal("1.10")),
        ("2025-02", "2025-02-02", Decimal("3.30")),
    ]
    inodes = files(version)
    assert {name: inodes[name] for name in files(before) if name.endswith(".parquet")} == {
        name: inode for name, inode in files(before).items() if name.endswith(".parquet")
    }


def test_a_bill_that_is_published_later_carries_the_results_along(settings: Settings) -> None:
    make(settings, JANUARY, "build-1")
    with_results = publish(settings, {"2025-01": [guess("2025-01-31", "1.10")]}, made_of="January")
    version = make(settings, FEBRUARY, "build-2")

    assert guesses(version) == guesses(with_results)
    assert version.manifest["results"]["guessing"]["made_of"] == "January"
    assert version.layers["guessing"] == ["mart_guesses"]


def test_refused_results_leave_readers_what_they_had(settings: Settings) -> None:
    make(settings, JANUARY, "build-1")
    publish(settings, {"2025-01": [guess("2025-01-31", "1.10")]})
    with pytest.raises(Finding, match="a guess is not negative"):
        publish(settings, {"2025-01": [guess("2025-01-31", "-1")]})
    assert guesses(published.latest(settings)) == [("2025-01", "2025-01-31", Decimal("1.10"))]


def test_a_run_that_found_nothing_still_publishes_a_table_that_can_be_read(settings: Settings) -> None:
    """A company without incidents has a table of none, so that nobody's query fails."""
    make(settings, JANUARY, "build-1")
    assert guesses(publish(settings, {"2025-01": []})) == []


def test_a_run_keeps_the_rows_of_other_run_dates_to_the_last_decimal(settings: Settings) -> None:
    make(settings, JANUARY, "build-1")
    version = publish(settings, {"2025-01": [guess("2025-01-30", "0.000000000001"), guess("2025-01-31", "5")]})
    kept = published_rows(version, TABLE, ["2025-01"], but=Sql("run_date = date '2025-01-31'"))
    assert kept["guess"].tolist() == [Decimal("0.000000000001")]

    publish(settings, {"2025-01": [*kept.to_dict("records"), guess("2025-01-31", "6")]})
    assert [amount for *_, amount in guesses(published.latest(settings))] == [Decimal("0.000000000001"), Decimal(6)]


def test_results_are_described_and_served_as_marts_are(settings: Settings) -> None:
    make(settings, JANUARY, "build-1")
    version = publish(settings, {"2025-01": [guess("2025-01-31", "1.10")]})

    described = {each.name: each for each in dictionary.read(version.path)}
    assert described["mart_guesses"].description == TABLE.description
    assert [each.description for each in described["mart_guesses"].columns] == [e.description for e in TABLE.columns]
    served = {table.name: table for table in read_tables(settings, version).tables}
    assert [each.kind for each in served["mart_guesses"].columns][3] == "numeric(38,12)"


def test_rows_that_are_not_as_declared_are_a_fault_of_the_feature(settings: Settings) -> None:
    make(settings, JANUARY, "build-1")
    with pytest.raises(ValueError, match="mart_guesses is declared otherwise than its rows of 2025-01 are: share"):
        publish(settings, {"2025-01": [{"billing_currency": "USD", "run_date": "2025-01-31", "guess": 1}]})


def test_what_results_were_made_of_is_known_once_they_are_published(settings: Settings) -> None:
    make(settings, JANUARY, "build-1")
    assert pipeline.made_of(settings, "guessing") == ""
    publish(settings, {"2025-01": []}, made_of="January")
    assert pipeline.made_of(settings, "guessing") == "January"


def test_results_are_out_of_date_once_bills_or_what_they_read_are_published_anew(settings: Settings) -> None:
    """Results of a feature are no bills: publishing them makes nothing out of date but what reads them."""
    make(settings, JANUARY, "build-1")
    alone, reading = (pipeline.digest(settings, {}), pipeline.digest(settings, {}, ["guessing"]))
    publish(settings, {"2025-01": []})
    assert pipeline.digest(settings, {}) == alone
    reading, before = pipeline.digest(settings, {}, ["guessing"]), reading
    assert reading != before
    publish(settings, {"2025-01": [guess("2025-01-10", "1")]})
    assert pipeline.digest(settings, {}, ["guessing"]) == reading, "it was of a past day, made of the same"
    assert pipeline.digest(settings, {"k": 3}) != alone
    make(settings, JANUARY, "build-2", revision=1)
    assert pipeline.digest(settings, {}) != alone
