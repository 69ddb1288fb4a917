"""A closed month never changes; what comes later stands in an open one, with its origin, and everything still sums."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from tests.unit.chargeback.published_version import Bill, bill, publish_version
from typer.testing import CliRunner

from finops.chargeback import service
from finops.chargeback.close import closed
from finops.core.errors import BadInput, Finding
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.stores import closed_files, snapshots
from finops.stores.snapshots import Snapshot, SnapshotDelivery
from finops.stores.state import closing
from finops.stores.state.store import open_state

MAY, JUNE, JULY = (BillingPeriod(2026, month) for month in (5, 6, 7))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home and a configuration of its own, without invoices."""
    (tmp_path / "config").mkdir()
    return Settings(home=tmp_path / "home", config_dir=tmp_path / "config")


def quarter(**changed: str) -> list[Bill]:
    """Return three months of two cost centres and a rest; ``changed`` gives May's other amounts."""
    may = {"research": "10.005", "product": "20.335", "rest": "1.115", **changed}
    owners = {"research": "cc-1001", "product": "cc-1002", "rest": "(unallocated)", "new": "cc-1009"}
    bills = [bill("2026-05-03", cost, cost_center=owners[name]) for name, cost in may.items()]
    for month in ("06", "07"):
        bills += [bill(f"2026-{month}-03", "33.335", cost_center=owner) for owner in ("cc-1001", "cc-1002")]
    return bills


def record_load(settings: Settings, build_id: str, delivery: str, when: datetime | None = None) -> None:
    """Note a publication of AWS's May as the history of snapshots does."""
    moment = when or datetime.now(UTC) + timedelta(seconds=1)
    made = SnapshotDelivery(delivery, "bill", moment, 3)
    snapshot = Snapshot(Provider.AWS, MAY, build_id, moment, "digest", (made,), "x", "0" * 64, 3, ())
    with open_state(settings).begin() as connection:
        snapshots.record(connection, snapshot)


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder by its relative path."""
    real = folder.resolve()
    return {p.relative_to(real).as_posix(): p.read_bytes() for p in sorted(real.rglob("*")) if p.is_file()}


def exact_totals(settings: Settings, period: BillingPeriod) -> dict[str | None, dict[str, Decimal]]:
    """Return each statement's exact amounts, from its manifest."""
    manifest = json.loads((settings.statements_dir / f"billing_period={period}" / "manifest.json").read_text())
    return {
        statement["cost_center"]: {k: Decimal(v) for t in statement["totals"] for k, v in t.items() if "cost" in k}
        for statement in manifest["statements"]
    }


def test_closing_makes_statements_final_and_publishing_leaves_every_byte(settings: Settings) -> None:
    publish_version(settings, quarter())
    service.publish(settings, MAY)
    service.close(settings, MAY, "Ann Lee")
    before = content(settings.statements_dir / "billing_period=2026-05")
    manifest = json.loads(before["manifest.json"])
    assert (manifest["status"], manifest["closed_by"]) == ("final", "Ann Lee")
    assert b"Provisional" not in b"".join(v for k, v in before.items() if k.endswith(".html"))
    assert b"Ann Lee" in before["company/statement.html"]
    publish_version(settings, quarter(research="99"), build_id="build-2")
    done = service.publish(settings, MAY)
    assert "was closed by Ann Lee" in done.notice
    assert content(settings.statements_dir / "billing_period=2026-05") == before


def test_a_month_is_closed_once_by_somebody(settings: Settings) -> None:
    publish_version(settings, quarter())
    with pytest.raises(BadInput, match="--by is empty"):
        service.close(settings, MAY, "  ")
    service.close(settings, MAY, "Ann Lee")
    with pytest.raises(BadInput, match="2026-05 is closed: by Ann Lee"):
        service.close(settings, MAY, "Bob")


def test_a_dry_run_says_what_would_be_and_writes_nothing(settings: Settings) -> None:
    publish_version(settings, quarter())
    report = service.close(settings, JUNE, "Ann", dry_run=True)
    assert (report.files, report.open_before, report.not_given) == (None, (MAY,), ("account 100000000001 of aws",))
    assert service.closed_months(settings) == {}
    assert not settings.closed_dir.exists()
    assert not settings.statements_dir.exists()


def test_an_unexplained_cent_keeps_the_month_open_until_somebody_signs(settings: Settings) -> None:
    from finops.chargeback.service import sign_off

    (settings.configuration_dir / "invoices.yml").write_text(
        "invoices: [{billing_account_id: '100000000001', billing_period: 2026-05, currency: USD, total: 31.47}]"
    )
    publish_version(settings, quarter())
    with pytest.raises(Finding, match=r"account 100000000001 of aws .*2026-05: 0.01 USD is unexplained"):
        service.close(settings, MAY, "Ann")
    assert service.closed_months(settings) == {}
    sign_off(settings, MAY, "100000000001", by="Bob", reason="rounded up by the reseller")
    assert service.close(settings, MAY, "Ann").signed_off == 1
    company, owner = (
        (settings.statements_dir / "billing_period=2026-05" / who / "statement.html").read_text()
        for who in ("company", "cc-1001")
    )
    assert "rounded up by the reseller" in company
    assert "rounded up by the reseller" not in owner


def test_books_that_do_not_tie_out_keep_the_month_open(settings: Settings) -> None:
    import duckdb

    version = publish_version(settings, quarter())
    with duckdb.connect(str(version / "finops.duckdb")) as connection:
        connection.execute("update mart_reconciliation set billed_cost = billed_cost + 0.01 where stage = 'landing'")
    with pytest.raises(Finding, match=r"the landing control total differ by -0\.01"):
        service.close(settings, MAY, "Ann")


def test_what_a_closed_month_became_stands_in_the_next_open_one_with_its_origin(settings: Settings) -> None:
    publish_version(settings, quarter())
    service.close(settings, MAY, "Ann")
    digest = service.closed_months(settings)[MAY].statements_digest
    record_load(settings, "before", "d0", datetime(2026, 6, 1, tzinfo=UTC))
    record_load(settings, "build-2", "0123456789abcdef")
    # A cost centre that has nothing but the adjustment gets a statement too, and what has no owner is adjusted as well.
    publish_version(settings, quarter(research="12.34", new="5", rest="0.115"), build_id="build-2")
    folder = service.publish(settings, JUNE).path

    rows = list(csv.DictReader((folder / "company" / "adjustments.csv").open(newline="")))
    assert {(r["billing_period"], r["cost_center"], r["effective_cost"]) for r in rows} == {
        ("2026-05", "cc-1001", "2.335000000000"),
        ("2026-05", "cc-1009", "5.000000000000"),
        ("2026-05", "(unallocated)", "-1.000000000000"),
    }
    assert {r["service_name"] for r in rows} == {"Amazon Elastic Compute Cloud"}
    origins = {r["origin"] for r in rows}
    assert len(origins) == 1
    assert f"statements {digest[:12]}; build build-2, loaded" in origins.pop()
    assert "delivery 0123456789ab of bill" in rows[0]["origin"]
    assert "build before" not in rows[0]["origin"]
    totals = exact_totals(settings, JUNE)
    assert totals[None]["adjustments_effective_cost_exact"] == Decimal("6.335")
    assert totals[None]["effective_cost_exact"] == Decimal("66.67")
    assert totals["cc-1009"]["effective_cost"] == 0
    shown = [t.get("adjustments_effective_cost", Decimal(0)) for owner, t in totals.items() if owner]
    assert sum(shown) + Decimal("-1.00") == totals[None]["adjustments_effective_cost"]
    assert not (folder / "cc-1002" / "adjustments.csv").exists()
    page = (folder / "cc-1001" / "statement.html").read_text()
    assert "Adjustments to closed months" in page
    assert "May 2026" in page
    sheet = openpyxl.load_workbook(folder / "company" / "statement.xlsx")["Adjustments"]
    names, *listed = sheet.iter_rows(values_only=True)
    found = [dict(zip(names, row, strict=True)) for row in listed]
    assert sorted(row["effective_cost"] for row in found) == [-1, 2.335, 5]
    in_csv = [(r["service_category"], r["service_name"]) for r in rows]
    assert [(row["Service category"], row["Service"]) for row in found] == in_csv
    assert ("Compute", "Amazon Elastic Compute Cloud") in in_csv
    # July is compared with June alone: a change stands in one statement.
    assert "adjustments_effective_cost" not in exact_totals_of_july(settings)[None]


def exact_totals_of_july(settings: Settings) -> dict[str | None, dict[str, Decimal]]:
    service.publish(settings, JULY)
    return exact_totals(settings, JULY)


def test_an_adjustment_is_frozen_with_the_month_that_shows_it_and_only_the_rest_comes_later(settings: Settings) -> None:
    publish_version(settings, quarter())
    service.close(settings, MAY, "Ann")
    publish_version(settings, quarter(research="11.005"), build_id="build-2")
    assert service.close(settings, JUNE, "Ann").adjustments == 1
    june = content(settings.statements_dir / "billing_period=2026-06")
    publish_version(settings, quarter(research="11.505"), build_id="build-3")
    service.publish(settings, JULY)
    assert exact_totals(settings, JULY)[None]["adjustments_effective_cost_exact"] == Decimal("0.5")
    publish_version(settings, quarter(), build_id="build-4")  # the provider takes everything back
    service.publish(settings, JULY)
    assert exact_totals(settings, JULY)[None]["adjustments_effective_cost_exact"] == Decimal("-1")
    service.publish(settings, JUNE)
    assert content(settings.statements_dir / "billing_period=2026-06") == june


def test_a_month_after_a_closed_one_is_compared_with_what_was_closed(settings: Settings) -> None:
    publish_version(settings, quarter())
    service.close(settings, MAY, "Ann")
    publish_version(settings, quarter(research="1000"), build_id="build-2")
    company, *_ = service.publish(settings, JUNE).statements
    assert company.sections[0].total.previous == 3146  # 31.455, as May's statement says


def test_the_months_to_write_are_the_open_ones_that_change(settings: Settings) -> None:
    publish_version(settings, quarter())
    assert service.months_to_write(settings, MAY) == [MAY, JUNE]
    service.close(settings, MAY, "Ann")
    assert service.months_to_write(settings, MAY) == [JUNE]
    service.close(settings, JUNE, "Ann")
    assert service.months_to_write(settings, MAY) == [JULY]
    service.close(settings, JULY, "Ann")
    assert service.months_to_write(settings, MAY) == []


def test_final_statements_that_went_missing_or_were_touched_are_put_back(settings: Settings, tmp_path: Path) -> None:
    publish_version(settings, quarter())
    service.close(settings, MAY, "Ann")
    link = settings.statements_dir / "billing_period=2026-05"
    before = content(link)
    (link.resolve() / "index.html").write_text("touched")
    service.publish(settings, MAY)
    assert content(link) == before
    shutil.rmtree(settings.statements_dir)
    service.publish(settings, MAY)
    assert content(link) == before
    assert content(service.publish(settings, MAY, tmp_path / "elsewhere").path) == before


def test_the_lines_alone_say_whether_they_are_final_and_up_to_when_there_are_costs(settings: Settings) -> None:
    """Somebody gets statement.csv alone, by mail or as a table; the pages and the manifest stay behind."""
    publish_version(settings, [*quarter(), bill("2026-05-09", "1", cost_center="cc-1002")])
    said = []
    for settle in (lambda: service.publish(settings, MAY), lambda: service.close(settings, MAY, "Ann")):
        settle()
        folder = settings.statements_dir / "billing_period=2026-05"
        rows = {
            name: list(csv.DictReader((folder / name / "statement.csv").read_text(encoding="utf-8").splitlines()))
            for name in ("company", "cc-1001", "cc-1002")
        }
        said.append({name: {(r["status"], r["costs_until"]) for r in found} for name, found in rows.items()})
    days = {"company": "2026-05-09", "cc-1001": "2026-05-03", "cc-1002": "2026-05-09"}
    assert said == [{name: {(status, day)} for name, day in days.items()} for status in ("provisional", "final")]


@pytest.mark.parametrize("name", [closed_files.CHARGES, closed.ADJUSTMENTS])
def test_a_frozen_file_that_was_changed_is_refused_by_name(settings: Settings, name: str) -> None:
    publish_version(settings, quarter())
    service.close(settings, MAY, "Ann")
    file = closed_files.folder_of(settings, MAY) / name
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(Finding, match=rf"{name} is not what was recorded when 2026-05 was closed"):
        service.publish(settings, JUNE)


def test_a_kept_set_that_was_changed_is_refused(settings: Settings) -> None:
    publish_version(settings, quarter())
    service.close(settings, MAY, "Ann")
    kept = closed_files.folder_of(settings, MAY) / "statements" / "index.html"
    kept.chmod(0o644)
    kept.write_text("touched")
    with pytest.raises(Finding, match="is not what was recorded when 2026-05 was closed"):
        service.publish(settings, MAY)


def test_a_close_that_was_killed_before_its_record_can_be_repeated(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_version(settings, quarter())
    with monkeypatch.context() as patch:
        patch.setattr(closing, "record_closed", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            service.close(settings, MAY, "Ann")
    assert service.closed_months(settings) == {}
    assert service.close(settings, MAY, "Bob").files is not None
    assert service.publish(settings, MAY).status == "final"


def test_statements_sum_up_in_the_reporting_currency_at_the_months_rates(settings: Settings) -> None:
    rates = settings.configuration_dir / "currency.yml"
    rates.write_text("reporting_currency: EUR\nrates:\n- {billing_period: 2026-05, from: USD, to: EUR, rate: 0.9}\n")
    publish_version(settings, [*quarter(), bill("2026-05-04", "7.005", billing_currency="EUR", provider="azure")])
    company, *others = service.publish(settings, MAY).statements
    assert company.summary is not None
    assert company.summary.exact == Decimal("31.455") * Decimal("0.9") + Decimal("7.005")
    assert company.summary.total == 3531
    assert {(n.currency, n.rate) for n in company.summary.lines} == {("USD", Decimal("0.9")), ("EUR", Decimal(1))}
    owners = dict(company.summary.owners)
    assert sum(owners.values()) == 3531
    assert [s.summary.total for s in others if s.summary] == [owners["cc-1001"], owners["cc-1002"]]
    assert "0.9" in (settings.statements_dir / "billing_period=2026-05" / "company" / "statement.html").read_text()
    with pytest.raises(BadInput, match="no exchange rate of 2026-06 from USD to EUR"):
        service.publish(settings, JUNE)


def test_a_closed_month_keeps_its_rate_also_for_its_adjustments(settings: Settings) -> None:
    rates = settings.configuration_dir / "currency.yml"
    text = "reporting_currency: EUR\nrates:\n" + "".join(
        f"- {{billing_period: 2026-0{month}, from: USD, to: EUR, rate: 0.{rate}}}\n" for month, rate in ((5, 9), (6, 8))
    )
    rates.write_text(text)
    publish_version(settings, quarter())
    service.close(settings, MAY, "Ann")
    rates.write_text(text.replace("0.9", "0.95"))
    with pytest.raises(BadInput, match=r"2026-05 USD to EUR is 0.95 here, but 2026-05 was closed with 0.9"):
        service.publish(settings, JUNE)
    # The file may forget a closed month: the state store does not.
    rates.write_text("".join(line for line in text.splitlines(True) if "2026-05" not in line))
    publish_version(settings, quarter(research="20.005"), build_id="build-2")
    company, *_ = service.publish(settings, JUNE).statements
    assert company.summary is not None
    assert company.summary.exact == Decimal("66.67") * Decimal("0.8") + 10 * Decimal("0.9")


def test_a_rate_that_the_bill_names_is_locked_by_the_close(settings: Settings) -> None:
    """Google restates May and converts it at another rate; what was closed stays, also for its adjustments."""
    rates = settings.configuration_dir / "currency.yml"
    rates.write_text("reporting_currency: EUR\nprovider_rates: gcp\n")

    def named(may: str) -> list[list[object]]:
        both = (("2026-05", may), ("2026-06", "0.8"))
        return [[month, "gcp", "EUR", "USD", Decimal(rate), 3] for month, rate in both]

    publish_version(settings, quarter(), rates=named("0.9"))
    service.close(settings, MAY, "Ann")
    assert [(r.rate, r.source) for r in service.closed_months(settings)[MAY].rates] == [
        (Decimal("0.9"), "gcp bill of 2026-05")
    ]
    publish_version(settings, quarter(research="20.005"), build_id="build-2", rates=named("0.95"))
    company, *_ = service.publish(settings, JUNE).statements
    assert company.summary is not None
    assert company.summary.exact == Decimal("66.67") * Decimal("0.8") + 10 * Decimal("0.9")


def test_the_commands_say_in_one_line_what_is_closed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from finops.cli import app

    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(settings.config_dir))
    publish_version(settings, quarter())
    tried = CliRunner().invoke(app, ["chargeback", "close", "--billing-period", "2026-06", "--by", "Ann", "--dry-run"])
    assert "Still open before it: 2026-05" in tried.output
    assert "2026-06 can be closed; nothing was written" in tried.output
    done = CliRunner().invoke(app, ["chargeback", "close", "--billing-period", "2026-06", "--by", "Ann", "--json"])
    assert json.loads(done.stdout)["is_closed"] is True
    again = CliRunner().invoke(app, ["chargeback", "publish", "--billing-period", "2026-06"])
    assert again.output.count("\n") == 1
    assert "2026-06 was closed by Ann" in again.output


def test_status_says_which_months_are_closed_by_whom_and_with_which_statements(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from finops.cli import app

    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    publish_version(settings, quarter())
    service.close(settings, MAY, "Ann Lee")
    record = service.closed_months(settings)[MAY]
    (listed,) = json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["closed"]
    assert (listed["billing_period"], listed["closed_by"]) == ("2026-05", "Ann Lee")
    assert listed["statements_digest"] == record.statements_digest
    text = CliRunner().invoke(app, ["status"]).stdout
    assert "Ann Lee" in text
    assert record.statements_digest[:12] in text
