"""The steps of `publish_chargeback` over the real services: what each hands on, and who gets what when."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from tests.unit.chargeback.published_version import bill, publish_version

from finops.chargeback import service
from finops.chargeback.publish import sets
from finops.core.errors import Finding
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.delivery import service as delivery
from finops.delivery.models import Result
from finops.stores.state import builds
from finops.stores.state.store import open_state
from finops_airflow.steps import statements

MAY, JUNE = BillingPeriod(2026, 5), BillingPeriod(2026, 6)


@pytest.fixture
def home(home, tmp_path, monkeypatch):
    """Two published months of two cost centres; statements of one file, to be quick; a configuration of its own."""
    config = tmp_path / "config"
    config.mkdir()
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(config))
    home.config_dir = config

    def write_files(place: Path, statement, _owners) -> None:
        (place / "statement.html").write_text(f"{statement.slug} {statement.closing} {statement.sections!r}")

    monkeypatch.setattr(sets, "write_files", write_files)
    publish(home, "10.005")
    return home


def publish(home, amount: str, build_id: str = "build-1") -> None:
    owners = ("cc-1001", "cc-1002", "(unallocated)")
    days = ("2026-05-03", "2026-06-03")
    publish_version(home, [bill(day, amount, cost_center=o) for day in days for o in owners], build_id=build_id)


def record_build(home, build_id: str, *months: BillingPeriod) -> None:
    with open_state(home).begin() as connection:
        builds.start_build(connection, build_id)
        builds.mark_built(connection, build_id, {(Provider.AWS, month): build_id for month in months})
        builds.finish_build(connection, build_id, "published")


def run_all(period: str) -> list[str]:
    planned = json.loads(json.dumps(statements.plan_statements(period)))  # as Airflow carries it from task to task
    for each in planned:
        statements.render_statement(**each)
    return statements.publish_statements(period, planned)


def manifest(home, period) -> dict:
    return json.loads((home.statements_dir / f"billing_period={period}" / "manifest.json").read_text())


def configure(home, *targets: str) -> None:
    content = {"cost_centers": {"cc-1001": [*targets]}}
    (home.config_dir / "delivery.yml").write_text(yaml.safe_dump(content))


def test_a_plan_names_each_audience_once_with_every_month_it_has_a_statement_in(home):
    planned = statements.plan_statements("2026-05")
    assert [each["audience"] for each in planned] == ["company", "cc-1001", "cc-1002"]
    assert {len(each["drafts"]) for each in planned} == {2}, "June compares with May"
    assert len(json.dumps(planned)) < 200 * len(planned), "what travels between tasks is names"


def test_the_run_of_a_month_writes_it_and_the_month_after_as_the_command_does(home):
    assert run_all("2026-05") == ["2026-05", "2026-06"]
    for period in (MAY, JUNE):
        assert service.publish(home, period).digest == manifest(home, period)["digest"]


def test_one_statement_that_was_not_rendered_keeps_what_readers_have(home):
    run_all("2026-06")
    publish(home, "20", "build-2")
    planned = statements.plan_statements("2026-06")
    for each in planned[:-1]:
        statements.render_statement(**each)
    with pytest.raises(Finding, match="was not rendered"):
        statements.publish_statements("2026-06", planned)
    assert manifest(home, JUNE)["build_id"] == "build-1"


def test_a_closed_month_keeps_its_final_statements_and_gets_back_what_is_missing(home):
    run_all("2026-05")
    service.close(home, MAY, "Ann Lee")
    final = manifest(home, MAY)
    page = home.statements_dir / "billing_period=2026-05" / "cc-1001" / "statement.html"
    content = page.read_bytes()
    page.unlink()
    publish(home, "99", "build-2")  # restated: June shows what became of May
    assert run_all("2026-05") == ["2026-05", "2026-06"]
    assert (manifest(home, MAY), page.read_bytes()) == (final, content)
    assert (final["status"], manifest(home, JUNE)["build_id"]) == ("final", "build-2")


def test_nothing_is_planned_for_a_closed_month_that_no_open_one_shows(home):
    for period in (MAY, JUNE):
        service.close(home, period, "Ann Lee")
    assert statements.plan_statements("2026-06") == []
    assert statements.publish_statements("2026-06", []) == ["2026-06"]


def test_a_second_event_of_a_month_writes_nothing_and_a_run_by_hand_writes_it_again(home):
    run_all("2026-05")
    shown = (home.statements_dir / "billing_period=2026-05").resolve()
    assert statements.plan_statements("2026-05") == []
    assert statements.publish_statements("2026-05", []) == []
    assert (home.statements_dir / "billing_period=2026-05").resolve() == shown
    again = statements.plan_statements("2026-05", force=True)
    assert [(each["audience"], len(each["drafts"])) for each in again] == [
        ("company", 2),
        ("cc-1001", 2),
        ("cc-1002", 2),
    ]


def test_a_month_that_a_run_of_the_month_before_has_written_is_not_written_again(home):
    run_all("2026-05")
    publish(home, "20", "build-2")
    assert run_all("2026-05") == ["2026-05", "2026-06"]
    assert statements.plan_statements("2026-06") == [], "one build of two months has two events"


def test_months_whose_event_was_lost_are_named_once_it_can_no_longer_be_on_its_way(home):
    record_build(home, "build-1", MAY, JUNE)
    now = datetime.now(UTC)
    assert statements.outdated_periods(now) == []
    assert statements.outdated_periods(now + timedelta(hours=1)) == ["2026-05", "2026-06"]
    run_all("2026-05")
    publish(home, "20", "build-2")
    record_build(home, "build-2", JUNE)
    assert statements.outdated_periods(now + timedelta(hours=1)) == ["2026-06"]
    run_all("2026-06")
    assert statements.outdated_periods(now + timedelta(hours=1)) == []


def test_nobody_has_a_target_where_the_file_is_missing_or_names_none(home):
    assert statements.deliver_published(["2026-05"]) is None
    configure(home)
    assert statements.deliver_published(["2026-05"]) is None


def test_a_folder_gets_provisional_statements_and_a_mailbox_waits_for_the_final_ones(home, tmp_path, monkeypatch):
    sent = []

    class Mailbox:
        """Stands in for a mail server, which cannot be asked what it has."""

        def holds(self, _package) -> bool:
            return False

        def put(self, package) -> None:
            sent.append((package.cost_center, package.status))

    open_place = delivery.open_place
    monkeypatch.setattr(
        delivery,
        "open_place",
        lambda settings, target, client: Mailbox() if target.is_mailbox else open_place(settings, target, client),
    )
    configure(home, f"{tmp_path}/share", "mailto:lead@meridian.example")
    run_all("2026-05")
    assert statements.deliver_published(["2026-05"]) == [f"{tmp_path}/share"]
    assert sent == []
    held = delivery.deliver(home, MAY, mail_provisional=False).outcomes
    assert [each.result for each in held] == [Result.UNCHANGED, Result.HELD]
    service.close(home, MAY, "Ann Lee")
    assert statements.undelivered_periods() == ["2026-05"]
    assert statements.deliver_published(statements.publish_statements("2026-05", [])) == [
        f"{tmp_path}/share",
        "mailto:lead@meridian.example",
    ]
    assert sent == [("cc-1001", "final")]
    assert statements.undelivered_periods() == [], "everybody has theirs"
    assert statements.deliver_published(["2026-05"]) == []


def test_a_target_added_long_after_a_close_is_not_sent_old_months_unasked(home, tmp_path):
    run_all("2026-05")
    service.close(home, MAY, "Ann Lee")
    configure(home, f"{tmp_path}/share")
    now = datetime.now(UTC)
    assert statements.undelivered_periods(now) == ["2026-05"]
    assert statements.undelivered_periods(now + timedelta(days=4)) == []


def test_a_target_that_keeps_failing_is_asked_less_and_less_often_and_not_given_up_for_three_days(home, tmp_path):
    service.close(home, MAY, "Ann Lee")
    (tmp_path / "a file").write_text("")
    configure(home, f"{tmp_path}/a file")
    with pytest.raises(delivery.NotDelivered):
        statements.deliver_published(["2026-05"])
    first = datetime.now(UTC) + timedelta(minutes=20)
    asked = [hour for hour in range(24 * 5) if statements.undelivered_periods(first + timedelta(hours=hour))]
    assert asked == [0, 1, 2, 4, 8, 16, 24, 32, 40, 48, 56, 64, 72]
    (tmp_path / "a file").unlink()
    statements.deliver_published(["2026-05"])
    assert statements.undelivered_periods(first) == []


def test_a_close_without_its_statements_in_place_is_asked_for(home, tmp_path):
    service.close(home, MAY, "Ann Lee")
    (home.statements_dir / "billing_period=2026-05").unlink()
    configure(home, f"{tmp_path}/share")
    assert statements.undelivered_periods() == ["2026-05"]


def test_a_failing_target_of_one_month_keeps_no_other_month_from_its_delivery(home, tmp_path):
    run_all("2026-05")
    (tmp_path / "a file").write_text("")
    configure(home, f"{tmp_path}/a file", f"{tmp_path}/share")
    with pytest.raises(delivery.NotDelivered, match=r"1 of 2 deliveries of 2026-05 failed.*; 1 of 2 .* of 2026-06"):
        statements.deliver_published(["2026-05", "2026-06"])
    for period in (MAY, JUNE):
        assert (tmp_path / "share" / f"billing_period={period}" / "cc-1001" / "manifest.json").exists()
