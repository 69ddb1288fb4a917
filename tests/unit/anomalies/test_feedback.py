"""What people say changes what is raised afterwards, and is counted."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.unit.anomalies.bills import FIRST, Charge, publish, steady, times
from tests.unit.anomalies.test_service import APRIL_20, APRIL_24, DAYS, others
from tests.unit.anomalies.watch import configure, run

from finops.anomalies import feedback, read
from finops.core.errors import BadInput
from finops.core.settings import Settings

APRIL_2 = date(2025, 4, 2)


@pytest.fixture
def quiet(settings: Settings) -> Settings:
    return configure(settings, "alert: {}\n")


def twice() -> list[Charge]:
    """Return a series that has the same rise on two occasions."""
    first = times(steady(DAYS), 1.6, APRIL_2, APRIL_2 + timedelta(days=1))
    return [*times(first, 2.5, APRIL_20, APRIL_20 + timedelta(days=1)), *others()]


def say(settings: Settings, incident: str, verdict: str) -> None:
    known = [row["incident_id"] for row in read.incidents(read.version_of(settings))]
    feedback.record(settings, known, incident, verdict, "ada", "of the quarter")


def test_a_no_closes_the_incident_and_raises_what_its_cost_needs(settings: Settings) -> None:
    policy = configure(settings, "alert: {}\nanswers: {raise_factor: 10}\n")
    publish(policy, twice())
    (first,) = run(policy, APRIL_2 + timedelta(days=5))
    say(policy, first["incident_id"], "no")

    (only,) = run(policy)

    assert only["incident_id"] == first["incident_id"]
    assert (only["state"], only["ending"], only["verdict"], only["verdict_by"]) == ("closed", "rejected", "no", "ada")


def test_without_an_answer_the_second_rise_is_raised_too(quiet: Settings) -> None:
    publish(quiet, twice())
    assert [row["first_day"] for row in run(quiet)] == [APRIL_2, APRIL_20]


def test_a_rise_far_above_the_rejected_one_is_raised_nonetheless(quiet: Settings) -> None:
    publish(quiet, twice())
    first = run(quiet, APRIL_2 + timedelta(days=5))[0]
    say(quiet, first["incident_id"], "no")
    assert [row["first_day"] for row in run(quiet)] == [APRIL_2, APRIL_20]


def test_a_no_is_forgotten_after_its_time(settings: Settings) -> None:
    policy = configure(settings, "alert: {}\nanswers: {raise_factor: 10, for_days: 10}\n")
    publish(policy, twice())
    say(policy, run(policy, APRIL_2 + timedelta(days=5))[0]["incident_id"], "no")
    assert [row["first_day"] for row in run(policy)] == [APRIL_2, APRIL_20]


def test_planned_silences_the_incident_while_it_lasts(quiet: Settings) -> None:
    publish(quiet, [*times(steady(DAYS), 5, APRIL_20, APRIL_24), *others()])
    (first,) = run(quiet, APRIL_20 + timedelta(days=1))
    say(quiet, first["incident_id"], "planned")
    (second,) = run(quiet)
    assert (second["incident_id"], second["state"], second["ending"]) == (first["incident_id"], "closed", "planned")


def test_the_file_counts_where_command_and_file_both_speak(quiet: Settings) -> None:
    publish(quiet, [*times(steady(DAYS), 5, APRIL_20, APRIL_24), *others()])
    (found,) = run(quiet)
    say(quiet, found["incident_id"], "yes")
    text = f"feedback: [{{incident: {found['incident_id']}, verdict: 'no', by: grace}}]\n"
    (found,) = run(configure(quiet, text))
    assert (found["verdict"], found["verdict_by"]) == ("no", "grace")


def test_answers_are_counted(quiet: Settings) -> None:
    rows = [{"verdict": each} for each in ("yes", "yes", "yes", "no", "planned", None)]
    found = feedback.precision(rows)
    assert (found.yes, found.no, found.planned, found.value) == (3, 1, 1, 0.75)
    assert feedback.precision([{"verdict": None}]).value is None


def test_an_answer_makes_incidents_due(quiet: Settings) -> None:
    publish(quiet, steady(30, first=FIRST))
    before = feedback.digest(quiet)
    feedback.record(quiet, ["INC-1"], "INC-1", "yes", "ada", "")
    assert feedback.digest(quiet) != before


@pytest.mark.parametrize(
    ("incident", "verdict", "by", "says"),
    [
        ("INC-2", "yes", "ada", "there is no incident 'INC-2'"),
        ("INC-1", "maybe", "ada", "'maybe' is no verdict; say yes, no, planned"),
        ("INC-1", "yes", "  ", "--by is empty"),
    ],
)
def test_a_wrong_answer_is_refused(quiet: Settings, incident: str, verdict: str, by: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        feedback.record(quiet, ["INC-1"], incident, verdict, by, "")
