"""Going back to the delivery before: recorded, never deleted, refused where it would leave a month without a bill."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from finops.cli import app
from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.stores.state import builds, ledger, period_inputs, rejections
from finops.stores.state.store import open_state

JANUARY = BillingPeriod(2025, 1)
NOON = datetime(2025, 2, 3, 12, tzinfo=UTC)
WHO = ("--by", "Ann Lee", "--why", "the export lost its tags")


def delivery(name: str, hours: int = 0, source: str = "cur") -> ledger.Delivery:
    at = NOON + timedelta(hours=hours)
    return ledger.Delivery(
        delivery_id=f"{name}".ljust(32, "0"),
        provider=Provider.AWS,
        source=source,
        format=SourceFormat.AWS_CUR2,
        billing_period=JANUARY,
        fingerprint=f"seen-{name}",
        origin="s3://bills",
        produced_at=at,
        landed_at=at,
        relative_path=name,
        row_count=1,
        byte_count=1,
        billing_accounts=("1",),
    )


FIRST, SECOND = delivery("abc111aa"), delivery("abc222bb", 1)


@pytest.fixture
def landed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two deliveries of a month; the second is current and published."""
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    with open_state(settings).begin() as connection:
        ledger.record(connection, FIRST)
        ledger.record(connection, SECOND)
        publish(connection)
    return settings


def publish(connection) -> None:
    builds.start_build(connection, "b1")
    builds.mark_built(connection, "b1", {(i.provider, i.billing_period): i.digest for i in _landed(connection)})


def _landed(connection) -> list[period_inputs.PeriodInput]:
    return period_inputs.landed(connection)


def finops(*arguments: str, ends: int = 0) -> str:
    done = CliRunner().invoke(app, ["deliveries", *arguments])
    assert (done.exit_code, done.exception is None or ends != 0) == (ends, True), done.output
    return done.output if done.exception is None or isinstance(done.exception, SystemExit) else str(done.exception)


def listed() -> dict[str, str]:
    return {each["delivery_id"][:8]: each["state"] for each in json.loads(finops("list", "--json"))}


def test_the_delivery_before_is_current_again_and_the_month_is_to_be_built(landed: Settings) -> None:
    assert listed() == {"abc111aa": "replaced", "abc222bb": "current"}

    said = finops("withdraw", "abc222", *WHO)

    assert f"{FIRST.delivery_id} is current" in said
    assert "aws 2025-01 is pending" in said
    assert listed() == {"abc111aa": "current", "abc222bb": "withdrawn by Ann Lee: the export lost its tags"}
    shown = json.loads(finops("show", "abc222bb", "--json"))
    assert shown["withdrawals"][0]["current_id"] == FIRST.delivery_id
    assert "withdrawn by Ann Lee" in finops("show", "abc222bb")
    with open_state(landed).connect() as connection:
        (pending,) = period_inputs.pending(connection)
        assert pending.deliveries == (FIRST,)


def test_a_dry_run_says_the_same_and_changes_nothing(landed: Settings) -> None:
    assert "Would withdraw" in finops("withdraw", "abc222", *WHO, "--dry-run")
    assert listed() == {"abc111aa": "replaced", "abc222bb": "current"}


def test_a_withdrawn_delivery_is_not_gone_back_to(landed: Settings) -> None:
    with open_state(landed).begin() as connection:
        ledger.record(connection, delivery("abc333cc", 2))
    finops("withdraw", "abc333", *WHO)
    assert f"{FIRST.delivery_id} is current" in finops("withdraw", "abc222", *WHO)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("abc", "too short"),
        ("abcdef", "no delivery abcdef"),
        ("abc111", "is not current, abc222bb"),
    ],
)
def test_what_cannot_be_withdrawn_is_refused_by_name(landed: Settings, name: str, says: str) -> None:
    assert says in finops("withdraw", name, *WHO, ends=1)


def test_an_id_that_several_deliveries_share_names_them(landed: Settings) -> None:
    with open_state(landed).begin() as connection:
        ledger.record(connection, delivery("abc222dd", 2))
    assert "abc222bb" in finops("show", "abc222", ends=1)


def test_the_only_bill_of_a_published_month_stays(landed: Settings) -> None:
    finops("withdraw", "abc222", *WHO)
    assert "nothing to build the month from" in finops("withdraw", "abc111", *WHO, ends=1)


def test_the_only_delivery_of_one_source_among_others_can_go(landed: Settings) -> None:
    """A bill that was ingested under a wrong name is counted twice, or ought not to be there."""
    with open_state(landed).begin() as connection:
        ledger.record(connection, delivery("def111aa", source="typo"))
        publish_again = {(i.provider, i.billing_period): i.digest for i in _landed(connection)}
        builds.mark_built(connection, "b1", publish_again)
    said = finops("withdraw", "def111", *WHO)
    assert "the month has no bill of typo" in said
    assert "aws 2025-01 is pending" in said


def test_a_rejection_that_was_dismissed_comes_back_for_other_files_only(landed: Settings) -> None:
    def reject(fingerprint: str) -> list[int]:
        with open_state(landed).begin() as connection:
            stands = rejections.record(
                connection,
                provider=Provider.AWS,
                source="cur",
                period=JANUARY,
                fingerprint=fingerprint,
                outcome="quarantined",
                reason="part-2: cut at byte 7",
            )
            numbers = [each.number for each in rejections.standing(connection)]
            assert stands == bool(numbers)
            return numbers

    (number,) = reject("one")
    assert "Dismissed" in finops("dismiss", str(number), *WHO)
    assert reject("one") == []
    assert len(reject("two")) == 1
    assert "no rejection with the number 99" in finops("dismiss", "99", *WHO, ends=1)
