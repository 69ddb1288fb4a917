"""A review is read from what is published, written whole or not at all, and says what matters first."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pypdf
import pytest
from tests.unit.review.full_week import HOSTILE, full_week
from tests.unit.review.published_kpis import MONDAY, Value, publish_kpis, value, weeks

from finops.core.errors import BadInput, NotReady
from finops.core.settings import Settings
from finops.review import csv_file, pdf, read, service
from finops.review.catalogue import CATALOGUE
from finops.review.models import Standing


class Seen(HTMLParser):
    """The tags and the visible words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


@pytest.fixture
def full(settings: Settings) -> Settings:
    publish_kpis(settings, full_week(), [("aws", date(2025, 2, 28)), ("gcp", date(2025, 2, 12))])
    return settings


def test_a_review_has_the_figures_of_the_mart_and_the_week_before(settings: Settings) -> None:
    rows = [value("a", week, str(100 + 20 * number), "50") for number, week in enumerate(weeks(3))]
    publish_kpis(settings, rows)
    [(currency, (kpi,))] = read.review(settings, MONDAY).currencies
    assert kpi.now is not None
    assert (currency, kpi.now.value, kpi.now.previous_value) == ("USD", Decimal("2.8"), Decimal("2.4"))
    assert [each.value for each in kpi.history] == [Decimal(2), Decimal("2.4"), Decimal("2.8")]
    assert [each.subject for each in kpi.now.reasons] == ["a"]


def test_without_a_week_the_last_one_that_is_over_is_taken(settings: Settings) -> None:
    publish_kpis(settings, [value("a", week, "1") for week in weeks(3)], [("aws", MONDAY + timedelta(days=5))])
    assert read.review(settings).week == MONDAY - timedelta(weeks=1)


def test_a_week_that_a_provider_has_not_reached_the_end_of_is_provisional(settings: Settings) -> None:
    saturday, long_ago = MONDAY + timedelta(days=5), MONDAY - timedelta(days=40)
    newest = [("aws", MONDAY + timedelta(days=6)), ("azure", saturday), ("gcp", long_ago)]
    publish_kpis(settings, [value("a", week, "1") for week in weeks(3)], newest)
    found = read.review(settings)
    assert (found.week, found.is_whole) == (MONDAY, False)
    # Google is not used any more: nobody waits for it.
    assert [(each.provider, each.newest_day) for each in found.behind] == [("azure", saturday)]
    said = service.summary(found)["matters"][-1]
    assert said == "The week is not whole: there are bills of Azure up to 8 February 2025. Figures will still change."


def test_a_monthly_kpi_counts_for_every_week_of_its_month(full: Settings) -> None:
    for week in (MONDAY - timedelta(weeks=1), MONDAY):
        shares = [kpi.now for kpi in read.review(full, week).kpis if kpi.about.kpi == "allocated_share"]
        assert [each.billing_period for each in shares if each] == ["2025-02"], week


def test_a_week_that_begins_on_no_monday_names_the_one_that_is_meant(full: Settings) -> None:
    with pytest.raises(BadInput, match=r"2025-02-05 is a Wednesday; .* --week 2025-02-03"):
        service.write(full, date(2025, 2, 5))


def test_a_week_without_kpis_is_no_review(full: Settings) -> None:
    with pytest.raises(BadInput, match="no KPIs are published of the week of 2020-01-06; `finops kpis status`"):
        service.write(full, date(2020, 1, 6))


def test_before_any_kpis_are_published_it_says_how_to_get_them(settings: Settings) -> None:
    with pytest.raises(NotReady, match="nothing is published"):
        service.write(settings)
    folder = publish_kpis(settings, [])
    with pytest.raises(NotReady, match="finops kpis build"):
        service.write(settings)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "marts": ["fct_daily_costs"]}))
    with pytest.raises(NotReady, match="no KPIs are published yet; run `finops kpis build`"):
        service.write(settings)


def test_the_page_shows_every_kpi_and_runs_nothing(full: Settings) -> None:
    text = (service.write(full, MONDAY).folder / "index.html").read_text(encoding="utf-8")
    seen = Seen(text)
    shown = " ".join(seen.words)
    for said in (
        *("3–9 February 2025", "3 of 5 KPIs with a target miss it.", "Misses its target", "Meets its target"),
        *(
            "Unknown",
            "No target",
            "Billed in EUR",
            "Billed in USD",
            "In no currency",
            "25.3 hours",
            "53.0 %",
            "99.0",
            "How it is computed",
        ),
    ):
        assert said in shown
    assert "script" not in seen.tags
    assert HOSTILE not in text
    for fetched in ("http:", "https:", "src=", "@import", "url("):
        assert fetched not in text.replace("http://www.w3.org", "")


def test_a_week_without_telemetry_is_a_gap_in_the_chart_and_not_a_zero(full: Settings) -> None:
    (training,) = [kpi for kpi in read.review(full, MONDAY).kpis if kpi.about.kpi == "gpu_utilization_training"]
    line = training.line(MONDAY)
    assert len(line) == 12
    assert [start for start, each in line if each is None] == [MONDAY - timedelta(weeks=7)]


def test_a_kpi_over_zero_is_unknown_while_its_past_stays(full: Settings) -> None:
    (found,) = read.review(full, MONDAY).with_standing(Standing.UNKNOWN)
    assert found.about.kpi == "cost_per_thousand_inferences"
    assert found.now is not None
    assert found.now.value is None
    assert found.history[0].value is not None


def test_the_file_has_each_figure_of_the_charts_in_exact_decimals(full: Settings) -> None:
    written = service.write(full, MONDAY)
    with (written.folder / "review.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert tuple(rows[0]) == csv_file.COLUMNS
    known = [row for row in rows if row["grain"]]
    assert len(known) == sum(len(kpi.history) for kpi in written.review.kpis)
    (now,) = [
        row
        for row in known
        if (row["kpi"], row["billing_currency"], row["is_of_the_week"]) == ("cost_per_gpu_hour", "USD", "true")
    ]
    cost = next(
        kpi.now for kpi in written.review.kpis if (kpi.about.kpi, kpi.about.currency) == ("cost_per_gpu_hour", "USD")
    )
    assert cost is not None
    assert (Decimal(now["value"]), now["standing"]) == (cost.value, "missed")
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row.values())


def test_what_is_printed_has_the_same_figures_and_the_same_bytes_each_time(full: Settings, tmp_path: Path) -> None:
    found = read.review(full, MONDAY)
    for name in ("one.pdf", "two.pdf"):
        pdf.write(found, tmp_path / name)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
    text = " ".join(" ".join(each.extract_text().split()) for each in pypdf.PdfReader(tmp_path / "one.pdf").pages)
    for said in ("3–9 February 2025", "3 of 5 KPIs with a target miss it.", "53.0 %", "Misses its target", "Unknown"):
        assert said in text


def test_writing_it_again_replaces_it_in_one_step_and_keeps_what_a_reader_has_open(full: Settings) -> None:
    folders = [service.write(full, MONDAY).folder.resolve() for _ in range(3)]
    link = full.reviews_dir / "week=2025-02-03"
    assert link.resolve() == folders[2]
    assert [each.exists() for each in folders] == [False, True, True]


def test_a_review_that_cannot_be_written_leaves_the_one_before(full: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = service.write(full, MONDAY).folder.resolve()

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pdf, "write", full_disk)
    with pytest.raises(OSError, match="No space left"):
        service.write(full, MONDAY)
    assert (full.reviews_dir / "week=2025-02-03").resolve() == before
    assert list(before.parent.iterdir()) == [before]


def test_a_file_that_does_not_read_back_is_never_shown(full: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "write", lambda _review, path: path.write_bytes(b"%PDF-1.4 cut"))
    with pytest.raises(OSError, match="does not read back"):
        service.write(full, MONDAY)
    assert not (full.reviews_dir / "week=2025-02-03").exists()


def test_the_index_lists_the_weeks_the_newest_first_with_what_they_say(full: Settings) -> None:
    for week in (MONDAY - timedelta(weeks=1), MONDAY):
        service.write(full, week)
    text = (full.reviews_dir / "index.html").read_text(encoding="utf-8")
    assert text.index("3–9 February 2025") < text.index("27 January – 2 February 2025")
    assert "3 of 5 KPIs with a target miss it." in text
    assert 'href="week=2025-02-03/index.html"' in text


def test_a_folder_of_ones_own_gets_the_files_and_the_index_stays(full: Settings, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    assert service.write(full, MONDAY, out).folder == out
    assert sorted(each.name for each in out.iterdir()) == ["index.html", "review.csv", "review.json", "review.pdf"]
    assert not full.reviews_dir.exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot write into"):
        service.write(full, MONDAY, tmp_path / "file")


def test_every_target_met_is_said_so_and_nothing_else_of_targets(settings: Settings) -> None:
    met = [replace(each, target=Decimal(9)) for each in _two_kpis()]
    publish_kpis(settings, met)
    assert service.summary(read.review(settings, MONDAY))["matters"][0] == "All 2 KPIs with a target meet it."


def test_the_kpi_that_is_furthest_from_its_target_is_named_first(settings: Settings) -> None:
    near, far = Decimal("2.9"), Decimal(1)
    rows = [replace(each, target=far if each.kpi == "other" else near) for each in _two_kpis()]
    publish_kpis(settings, rows)
    first, second, *_ = service.summary(read.review(settings, MONDAY))["matters"]
    assert first == "2 of 2 KPIs with a target miss it."
    assert second.index("Another") < second.index("Cost per GPU hour")


def _two_kpis() -> list[Value]:
    cost = [value("a", week, "3") for week in weeks(2)]
    return [*cost, *(replace(each, kpi="other", kpi_name="Another") for each in cost)]


def test_kpis_of_which_nothing_was_ever_measured_are_listed_with_what_they_need(settings: Settings) -> None:
    publish_kpis(settings, [value("a", week, "3") for week in weeks(2)])
    written = service.write(settings, MONDAY)
    assert set(written.review.unknown) == set(CATALOGUE) - {"cost_per_gpu_hour"}
    text = (written.folder / "index.html").read_text(encoding="utf-8")
    for name in written.review.unknown:
        assert CATALOGUE[name].name in text
