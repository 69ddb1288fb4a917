"""A set of statements appears whole, says what it holds, and replaces the last one only when it is proven."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.chargeback.published_version import Bill, bill, publish_version
from typer.testing import CliRunner

from finops.chargeback import service
from finops.chargeback.formats import csv_file
from finops.chargeback.publish.models import StatementSet
from finops.core.errors import BadInput, Finding, NotReady
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

JUNE = BillingPeriod(2026, 6)


def a_month(factor: str = "1") -> list[Bill]:
    """Return two cost centres and an unallocated rest, in amounts that need rounding."""
    amounts = (("cc-1001", "10.005"), ("cc-1002", "20.335"), ("(unallocated)", "1.115"))
    return [bill("2026-06-03", str(Decimal(a) * Decimal(factor)), cost_center=owner) for owner, a in amounts]


def content(done: StatementSet) -> dict[str, bytes]:
    """Return every file of a set by its relative path."""
    folder = done.path.resolve()
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_set_has_five_files_for_each_audience_an_index_and_a_manifest(settings: Settings) -> None:
    publish_version(settings, a_month())
    done = service.publish(settings, JUNE)
    assert done.path == settings.statements_dir / "billing_period=2026-06"
    kinds = ("schedules.csv", "statement.csv", "statement.html", "statement.pdf", "statement.xlsx")
    expected = {f"{who}/{kind}" for who in ("cc-1001", "cc-1002", "company") for kind in kinds}
    assert set(content(done)) == {*expected, "index.html", "manifest.json"}


def test_the_manifest_lists_every_file_with_its_digest_and_totals_that_sum(settings: Settings) -> None:
    publish_version(settings, a_month())
    done = service.publish(settings, JUNE)
    files = content(done)
    manifest = json.loads(files.pop("manifest.json"))
    assert {f["path"]: f["sha256"] for f in manifest["files"]} == {
        path: hashlib.sha256(data).hexdigest() for path, data in files.items()
    }
    company, *others = ([t for t in s["totals"]] for s in manifest["statements"])
    charged = sum(Decimal(t["effective_cost"]) for totals in others for t in totals)
    assert charged + Decimal(company[0]["unallocated_effective_cost"]) == Decimal(company[0]["effective_cost"])
    assert company[0]["effective_cost_exact"] == "31.455000000000"
    assert manifest["build_id"] == "build-1"
    assert (manifest["status"], manifest["costs_until"]) == ("provisional", "2026-06-03")


def test_the_same_published_version_gives_the_same_bytes(settings: Settings, tmp_path: Path) -> None:
    publish_version(settings, a_month())
    assert content(service.publish(settings, JUNE)) == content(service.publish(settings, JUNE, tmp_path / "again"))


def test_the_order_of_the_published_rows_changes_no_byte(settings: Settings, tmp_path: Path) -> None:
    publish_version(settings, a_month())
    first = content(service.publish(settings, JUNE))
    backwards = Settings(home=tmp_path / "backwards")
    publish_version(backwards, a_month()[::-1])
    assert content(service.publish(backwards, JUNE)) == first


def test_a_new_set_replaces_the_old_one_whole_and_leaves_it_to_its_readers(settings: Settings) -> None:
    publish_version(settings, a_month())
    first = service.publish(settings, JUNE)
    opened, before = first.path.resolve(), content(first)
    publish_version(settings, a_month("2")[:2], build_id="build-2")  # nothing is unallocated any more
    second = service.publish(settings, JUNE)
    assert json.loads((second.path / "manifest.json").read_bytes())["build_id"] == "build-2"
    assert {p.name: p.read_bytes() for p in opened.glob("*.html")} == {"index.html": before["index.html"]}
    service.publish(settings, JUNE)
    assert not opened.exists()  # one set back is kept, not the whole history


def test_a_failure_while_writing_leaves_the_old_set_and_nothing_else(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_version(settings, a_month())
    before = content(service.publish(settings, JUNE))

    def fail_on_the_second(statement: object, path: Path) -> None:
        if "cc-1002" in str(path):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(csv_file, "write_csv", fail_on_the_second)
    with pytest.raises(BadInput, match="No space left on device; choose a folder with --out"):
        service.publish(settings, JUNE)
    link = settings.statements_dir / "billing_period=2026-06"
    assert {p.relative_to(link.resolve()).as_posix() for p in link.resolve().rglob("*") if p.is_file()} == set(before)
    assert [p for p in link.resolve().parent.iterdir()] == [link.resolve()]


def test_figures_that_do_not_tie_out_are_refused_and_the_old_set_stays(settings: Settings) -> None:
    import duckdb

    publish_version(settings, a_month())
    before = content(service.publish(settings, JUNE))
    version = publish_version(settings, a_month(), build_id="build-2")
    with duckdb.connect(str(version / "finops.duckdb")) as connection:
        connection.execute("update mart_chargeback set billed_cost = billed_cost + 0.01 where cost_center = 'cc-1001'")
    with pytest.raises(Finding, match=r"2026-06: billed_cost of mart_chargeback and fct_daily_costs differ by 0.01"):
        service.publish(settings, JUNE)
    link = settings.statements_dir / "billing_period=2026-06"
    assert (link / "index.html").read_bytes() == before["index.html"]


def test_a_month_that_is_not_published_is_named_with_those_that_are(settings: Settings) -> None:
    publish_version(settings, [bill("2026-05-01", "1"), bill("2026-06-01", "1")])
    with pytest.raises(BadInput, match="billing period 2031-01 is not published; published: 2026-05, 2026-06"):
        service.publish(settings, BillingPeriod(2031, 1))


def test_without_any_publication_it_says_what_to_run(settings: Settings) -> None:
    with pytest.raises(NotReady, match="run `finops ingest` and `finops build` first"):
        service.publish(settings, JUNE)


def test_a_target_that_cannot_be_written_is_named(settings: Settings, tmp_path: Path) -> None:
    publish_version(settings, a_month())
    (tmp_path / "a file").write_text("")
    with pytest.raises(BadInput, match=r"a file.*: (Not a directory|File exists); choose a folder with --out"):
        service.publish(settings, JUNE, tmp_path / "a file")


def test_what_a_killed_run_left_is_cleared_away(settings: Settings) -> None:
    publish_version(settings, a_month())
    left = settings.statements_dir / ".sets" / "billing_period=2026-06" / "set-killed"
    (left / "cc-1001").mkdir(parents=True)
    service.publish(settings, JUNE)
    assert not left.exists()


def test_a_folder_of_somebody_else_is_never_replaced(settings: Settings, tmp_path: Path) -> None:
    publish_version(settings, a_month())
    theirs = tmp_path / "out" / "billing_period=2026-06"
    theirs.mkdir(parents=True)
    (theirs / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match="is in the way"):
        service.publish(settings, JUNE, tmp_path / "out")
    assert (theirs / "notes.txt").read_text() == "mine"


def test_hostile_cost_centres_stay_inside_the_set(settings: Settings) -> None:
    names = ["../../x", "/etc/passwd", "company", "x" * 4096, "💸", "con\x00", "a/b", ".."]
    publish_version(settings, [bill("2026-06-03", "1", cost_center=name) for name in names])
    done = service.publish(settings, JUNE)
    assert len([p for p in done.path.resolve().iterdir() if p.is_dir()]) == len(names) + 1
    assert {p.name for p in settings.statements_dir.iterdir()} == {".sets", "billing_period=2026-06", "index.html"}


def test_a_cost_centres_files_hold_no_row_of_another(settings: Settings) -> None:
    publish_version(settings, a_month())
    done = service.publish(settings, JUNE)
    for name, data in content(done).items():
        if name.startswith("cc-1001/") and not name.endswith(".xlsx"):
            assert b"cc-1002" not in data
            assert b"unallocated" not in data
            assert b"20.3" not in data


def test_the_command_prints_totals_and_where_to_look(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from finops.cli import app

    publish_version(settings, a_month())
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    printed = CliRunner().invoke(app, ["chargeback", "publish", "--billing-period", "2026-06"])
    assert printed.exit_code == 0
    assert "not allocated" in printed.output
    assert "billing_period=2026-06/index.html" in printed.output
    as_json = CliRunner().invoke(app, ["chargeback", "publish", "--billing-period", "2026-06", "--json"])
    found = json.loads(as_json.output)
    assert [s["cost_center"] for s in found["statements"]] == [None, "cc-1001", "cc-1002"]
    assert found["statements"][0]["totals"][0]["effective_cost"] == "31.46"


def test_a_malformed_month_is_bad_use(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from finops.cli import app

    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    result = CliRunner().invoke(app, ["chargeback", "publish", "--billing-period", "June"])
    assert isinstance(result.exception, BadInput)
    assert result.exception.exit_status == 2
