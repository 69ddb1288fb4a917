"""What becomes current, what stays, and what a person is told."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.ingest.native_bills import age, aws_export, azure_export, csv_bytes, gz_bytes, rows

from finops.core.errors import BadInput, Unavailable
from finops.core.formats import SourceFormat
from finops.core.locks import exclusive
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest import landing, service
from finops.ingest.models import Outcome
from finops.ingest.stores import folder as folder_store
from finops.stores.state import builds, held_back, period_inputs, rejections, withdrawals
from finops.stores.state.store import open_state

CUR2 = SourceFormat.AWS_CUR2
JANUARY = BillingPeriod(2025, 1)


def bill(*costs: object, period: str = "2025-01", **changes: str) -> dict[str, bytes]:
    return {"bill-00001.csv.gz": gz_bytes(rows(CUR2, costs, period, **changes))}


def source_cost(delivery) -> dict[str, Decimal]:
    return {each.billing_currency: each.source_cost for each in delivery.totals}


def test_a_new_delivery_lands_whole_with_its_totals(take, current, origin: Path) -> None:
    aws_export(origin, "2025-01", bill("1.25", "-0.25", "0.000000000001"))
    report = take()
    assert [(d.source, str(d.billing_period), d.format) for d in report.landed] == [("bill", "2025-01", CUR2)]
    delivery = current()[0]
    assert source_cost(delivery) == {"USD": Decimal("1.000000000001")}
    assert (delivery.row_count, delivery.billing_accounts) == (3, ("111111111111",))


def test_the_same_delivery_again_is_one_look_up_and_no_file_is_read(take, origin: Path, monkeypatch) -> None:
    aws_export(origin, "2025-01", bill("1"))
    take()
    monkeypatch.setattr(folder_store.FolderStore, "download", lambda *_: pytest.fail("a known delivery was read"))
    report = take()
    assert (report.landed, report.unchanged, report.rejections) == ((), 1, ())


def test_the_same_bytes_written_anew_are_no_new_delivery_and_are_read_once_only(
    take, current, origin: Path, monkeypatch
) -> None:
    aws_export(origin, "2025-01", bill("1"))
    before = take().landed
    aws_export(origin, "2025-01", bill("1"))
    report = take()
    assert (report.landed, report.unchanged) == ((), 1)
    assert [d.delivery_id for d in current()] == [d.delivery_id for d in before]
    monkeypatch.setattr(folder_store.FolderStore, "download", lambda *_: pytest.fail("read a second time"))
    assert take().unchanged == 1


def test_a_restated_month_replaces_the_old_one_whole_and_the_old_one_stays_in_the_landing_folder(
    take, current, origin: Path, settings: Settings
) -> None:
    aws_export(origin, "2025-01", {**bill("1", "2"), "bill-00002.csv.gz": gz_bytes(rows(CUR2, ["7"]))})
    first = take().landed[0]
    shutil.rmtree(origin / "bill")
    aws_export(origin, "2025-01", bill("1"))
    take()
    assert source_cost(current()[0]) == {"USD": Decimal("1")}, "a withdrawn line must not survive"
    assert (settings.landing_dir / first.relative_path).is_dir()


def test_a_month_restated_and_restated_back_ends_where_the_provider_ended(take, current, origin: Path) -> None:
    for cost, day in (("1", "2025-02-01"), ("2", "2025-02-02"), ("1", "2025-02-03")):
        age(aws_export(origin, "2025-01", bill(cost)), day)
        take()
    assert source_cost(current()[0]) == {"USD": Decimal("1")}
    age(aws_export(origin, "2025-01", bill("3")), "2025-02-02T12:00")
    assert take().rejections[0].outcome is Outcome.REFUSED, "older than the third, though newer than the same bytes"


def test_what_was_withdrawn_stays_out_however_often_it_is_offered_until_somebody_forces_it(
    take, current, origin: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    age(aws_export(origin, "2025-01", bill("1")), "2025-02-01")
    take()
    age(aws_export(origin, "2025-01", bill("2")), "2025-02-02")
    (second,) = take().landed
    with open_state(settings).begin() as connection:
        withdrawals.withdraw(connection, second, by="Ann Lee", why="the tags are gone")
    assert source_cost(current()[0]) == {"USD": Decimal("1")}

    assert (take().landed, take().rejections) == ((), ())
    age(aws_export(origin, "2025-01", bill("2")), "2025-02-03")
    assert take().landed == (), "the same bytes under a new manifest are the same delivery"
    assert source_cost(current()[0]) == {"USD": Decimal("1")}
    assert "was withdrawn by Ann Lee on" in caplog.text
    assert "(the tags are gone); --force takes it again" in caplog.text

    assert len(take(force=True).landed) == 1
    assert source_cost(current()[0]) == {"USD": Decimal("2")}
    with open_state(settings).begin() as connection:
        assert withdrawals.standing(connection, second.delivery_id) is None
    age(aws_export(origin, "2025-01", bill("3")), "2025-02-04")
    assert len(take().landed) == 1, "what the provider writes next is a delivery like any other"


@pytest.mark.parametrize("damage", ["gone", "cut short"])
def test_a_landed_file_that_is_gone_is_landed_again(
    take, current, origin: Path, settings: Settings, damage: str
) -> None:
    aws_export(origin, "2025-01", bill("1"))
    (delivery,) = take().landed
    landed = settings.landing_dir / delivery.relative_path / delivery.files[0].local_name
    whole = landed.read_bytes()
    with open_state(settings).begin() as connection:
        (item,) = period_inputs.landed(connection)
        key = (item.provider, item.billing_period)
        builds.start_build(connection, "build-1")
        held_back.hold(connection, "build-1", held_back.BUILD, {key: item.digest}, {key: "is gone"})
    landed.unlink() if damage == "gone" else landed.write_bytes(whole[:-1])

    assert [each.delivery_id for each in take().landed] == [delivery.delivery_id]

    assert landed.read_bytes() == whole
    assert len(current()) == 1
    with open_state(settings).begin() as connection:
        assert held_back.standing(connection) == [], "what was at fault is mended"
    assert (take().landed, take().unchanged) == ((), 1)


def test_files_of_an_earlier_delivery_that_are_gone_do_not_make_it_current_again(
    take, current, origin: Path, settings: Settings
) -> None:
    age(aws_export(origin, "2025-01", bill("1")), "2025-02-01")
    (first,) = take().landed
    age(aws_export(origin, "2025-01", bill("2")), "2025-02-02")
    take()
    shutil.rmtree(settings.landing_dir / first.relative_path)
    age(aws_export(origin, "2025-01", bill("1")), "2025-02-01")
    assert take().landed == ()
    assert source_cost(current()[0]) == {"USD": Decimal("2")}


def test_a_delivery_older_than_the_current_one_is_not_taken(take, current, origin: Path) -> None:
    age(aws_export(origin, "2025-01", bill("2")), "2025-02-02")
    take()
    age(aws_export(origin, "2025-01", bill("1")), "2025-02-01")
    refused = take().rejections[0]
    assert refused.outcome is Outcome.REFUSED
    assert "2025-02-01" in refused.reason
    assert source_cost(current()[0]) == {"USD": Decimal("2")}


def test_an_empty_export_where_there_was_data_needs_a_word_from_a_person(take, current, origin: Path) -> None:
    aws_export(origin, "2025-01", bill("2"))
    take()
    empty = csv_bytes([], header=list(rows(CUR2, ["1"])[0]))
    (origin / "bill/data/BILLING_PERIOD=2025-01/bill-00001.csv.gz").unlink()
    aws_export(origin, "2025-01", {"bill-00001.csv": empty})
    refused = take().rejections[0]
    assert (refused.outcome, "--accept-empty" in refused.reason) == (Outcome.REFUSED, True)
    assert current()[0].row_count == 1
    assert take(accept_empty=True).landed[0].row_count == 0
    assert current()[0].row_count == 0


def test_a_second_export_of_the_same_billing_account_would_count_the_month_twice(take, current, origin: Path) -> None:
    aws_export(origin, "2025-01", bill("2"))
    take()
    aws_export(origin, "2025-01", bill("3"), name="other")
    refused = take().rejections[0]
    assert "111111111111" in refused.reason
    assert [d.source for d in current()] == ["bill"]
    aws_export(origin, "2025-01", bill("3", bill_payer_account_id="222222222222"), name="other")
    assert [d.source for d in take().landed] == ["other"], "another account is another bill"


def test_the_two_halves_of_azure_share_their_account_and_both_land(take, current, origin: Path) -> None:
    for kind, name in (("ActualCost", "actual"), ("AmortizedCost", "amortized")):
        azure_export(
            origin, "2025-01", {"p.csv": (csv_bytes(rows(SourceFormat.AZURE_ACTUAL, ["5"])), 1)}, name=name, kind=kind
        )
    assert len(take(Provider.AZURE).landed) == 2
    assert {d.format for d in current()} == {SourceFormat.AZURE_ACTUAL, SourceFormat.AZURE_AMORTIZED}


def test_one_half_of_azure_never_replaces_the_other_under_its_name(take, current, tmp_path: Path) -> None:
    for half in ("actual", "amortized"):
        (tmp_path / f"{half}.csv").write_bytes(csv_bytes(rows(SourceFormat.AZURE_ACTUAL, ["5"])))
    take(Provider.AZURE, tmp_path / "actual.csv", no_manifest=True, source="ea")
    refused = take(Provider.AZURE, tmp_path / "amortized.csv", no_manifest=True, source="ea").rejections[0]
    assert "two sources" in refused.reason
    assert current()[0].format is SourceFormat.AZURE_ACTUAL


def test_two_currencies_in_one_delivery_are_kept_apart(take, current, origin: Path) -> None:
    lines = rows(CUR2, ["1", "2"]) + rows(CUR2, ["10"], line_item_currency_code="EUR")
    aws_export(origin, "2025-01", {"bill-00001.csv.gz": gz_bytes(lines)})
    take()
    assert source_cost(current()[0]) == {"EUR": Decimal(10), "USD": Decimal(3)}


def test_one_bad_delivery_does_not_stop_the_others(take, current, origin: Path) -> None:
    aws_export(origin, "2025-01", bill("not money"))
    aws_export(origin, "2025-02", bill("2", period="2025-02"))
    report = take()
    assert [str(d.billing_period) for d in report.landed] == ["2025-02"]
    assert [(str(n.billing_period), n.outcome) for n in report.rejections] == [("2025-01", Outcome.QUARANTINED)]
    assert isinstance(service.problem(report), BadInput)


def test_what_was_not_taken_is_noted_once_and_closed_when_it_comes_right(
    take, settings: Settings, origin: Path
) -> None:
    def standing() -> list[str]:
        with open_state(settings).begin() as connection:
            return [each.outcome for each in rejections.standing(connection)]

    aws_export(origin, "2025-01", bill("not money"))
    take()
    take()
    assert standing() == ["quarantined"]
    aws_export(origin, "2025-01", bill("2"))
    take()
    assert standing() == []


def test_a_rejection_that_was_dismissed_is_no_news_while_the_same_files_are_offered(
    take, settings: Settings, origin: Path
) -> None:
    aws_export(origin, "2025-01", bill("not money"))
    take()
    with open_state(settings).begin() as connection:
        (found,) = rejections.standing(connection)
        rejections.dismiss(connection, found.number, by="Ann Lee", why="a test export")
    report = take()
    assert (report.rejections, report.unchanged, service.problem(report)) == ((), 1, None)
    aws_export(origin, "2025-01", bill("not money", "nor this"))
    assert [each.outcome for each in take().rejections] == [Outcome.QUARANTINED], "other files are rejected anew"


def test_a_month_that_does_not_exist_is_named(take, origin: Path) -> None:
    aws_export(origin, "2025-01", bill("1"))
    with pytest.raises(BadInput, match="no delivery of billing period 2031-12"):
        take(periods=[JANUARY, BillingPeriod(2031, 12)])
    assert take(periods=[JANUARY]).landed


def test_rows_of_another_month_under_a_months_manifest_are_not_taken(take, origin: Path) -> None:
    aws_export(origin, "2025-01", bill("1", period="2025-02"))
    assert "2025-02" in take().rejections[0].reason


def test_an_export_overwritten_while_it_is_read_is_started_again(take, current, origin: Path, monkeypatch) -> None:
    aws_export(origin, "2025-01", bill("1"))
    real, calls = folder_store.shutil.copyfile, []

    def copy_and_overwrite(source: Path, target: Path) -> None:
        real(source, target)
        calls.append(source)
        if len(calls) == 1:
            aws_export(origin, "2025-01", bill("2"))

    monkeypatch.setattr(folder_store.shutil, "copyfile", copy_and_overwrite)
    take()
    assert source_cost(current()[0]) == {"USD": Decimal(2)}
    assert len(calls) == 2


def test_an_export_that_never_stands_still_waits(take, current, origin: Path, monkeypatch) -> None:
    aws_export(origin, "2025-01", bill("1"))
    real = folder_store.shutil.copyfile

    def copy_and_overwrite(source: Path, target: Path) -> None:
        real(source, target)
        aws_export(origin, "2025-01", bill("2"))

    monkeypatch.setattr(folder_store.shutil, "copyfile", copy_and_overwrite)
    report = take()
    assert [each.outcome for each in report.rejections] == [Outcome.WAITING]
    assert current() == []
    error = service.problem(report)
    assert error is not None
    assert error.is_retryable


def test_a_second_run_waits_for_the_first(take, settings: Settings, origin: Path) -> None:
    aws_export(origin, "2025-01", bill("1"))
    landed = []
    with exclusive(settings, "ingest-aws"):
        second = threading.Thread(target=lambda: landed.append(take().landed))
        second.start()
        second.join(0.3)
        assert not landed, "it must not work beside the first"
    second.join(10)
    assert len(landed[0]) == 1


def test_a_full_disk_is_one_line_and_leaves_the_old_month(take, current, origin: Path, monkeypatch) -> None:
    aws_export(origin, "2025-01", bill("1"))
    take()
    aws_export(origin, "2025-01", bill("2"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "part")

    monkeypatch.setattr(folder_store.shutil, "copyfile", full)
    with pytest.raises(Unavailable, match="disk is full"):
        take()
    monkeypatch.undo()
    assert source_cost(current()[0]) == {"USD": Decimal(1)}


def test_a_landing_folder_that_cannot_be_written_is_one_line(take, origin: Path, settings: Settings) -> None:
    aws_export(origin, "2025-01", bill("1"))
    settings.root.mkdir()
    settings.landing_dir.write_text("a file where the folder should be")
    with pytest.raises(BadInput, match="landing"):
        take()


def test_a_folder_left_by_a_killed_run_is_replaced_by_the_same_delivery(
    take, current, origin: Path, settings: Settings, monkeypatch
) -> None:
    aws_export(origin, "2025-01", bill("1"))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(landing, "record", killed)
    with pytest.raises(KeyboardInterrupt):
        take()
    monkeypatch.undo()
    orphan = next(settings.landing_dir.glob("provider=*/*/*/delivery=*"))
    (orphan / "stray").write_text("left behind")
    assert take().landed[0].relative_path in str(orphan)
    assert len(current()) == 1
    assert not list((settings.landing_dir / ".incoming").iterdir())


def test_a_dry_run_says_what_is_new_and_lands_nothing(settings: Settings, take, current, origin: Path) -> None:
    aws_export(origin, "2025-01", bill("1"))
    assert [str(ref.billing_period) for ref in service.plan(settings, Provider.AWS, str(origin)).new] == ["2025-01"]
    assert current() == []
    take()
    planned = service.plan(settings, Provider.AWS, str(origin))
    assert (planned.new, planned.unchanged) == ((), 1)


def test_only_the_export_asked_for_is_taken(take, current, origin: Path) -> None:
    aws_export(origin, "2025-01", bill("1"))
    aws_export(origin, "2025-01", bill("2", bill_payer_account_id="222222222222"), name="other")
    take(source="other")
    assert [d.source for d in current()] == ["other"]


def test_a_bigquery_table_is_googles_bill_and_no_other_providers(settings: Settings) -> None:
    # It would land as Google's under another provider's lock and name.
    with pytest.raises(BadInput, match="--provider gcp, not aws"):
        service.ingest(settings, Provider.AWS, "bq://project.dataset.table")
