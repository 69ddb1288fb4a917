"""Writes the review of a week from what is published: page, PDF, CSV and a summary, all or none of them."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from finops.core.atomic import replacing, write_whole
from finops.core.errors import BadInput
from finops.core.locks import exclusive
from finops.core.settings import Settings
from finops.core.spreadsheet import cell
from finops.pages import html, site
from finops.review import csv_file, matters, page, pdf, read, store, words
from finops.review.models import Kpi, Review

INDEX = "index.html"
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Written:
    """A review and the folder of its files."""

    review: Review
    folder: Path


def write(settings: Settings, week: date | None = None, out: Path | None = None) -> Written:
    """Write the review of a week, or of the last whole one that has KPIs, and the index of all weeks.

    With ``out`` the files go there instead, and no index changes. Raise NotReady before any KPIs are published,
    BadInput for a week that has none or a folder that cannot be written.
    """
    review = read.review(settings, week)
    if out is not None:
        return Written(review, _write_apart(review, out))
    with exclusive(settings, "reviews"):
        folder = store.draft(settings, review.week)
        try:
            _write(review, folder, [("../index.html", "All weeks")])
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shown = store.show(settings, review.week, folder)
        write_index(settings)
    return Written(review, shown)


def write_index(settings: Settings) -> None:
    """Write the index of the weeks that are kept, whole or not at all."""
    weeks = [
        {"folder": each.folder, "title": words.span(each.week), "says": each.says} for each in store.kept(settings)
    ]
    values = {"weeks": weeks, "links": site.links(settings, "Weekly reviews")}
    write_whole(settings.reviews_dir / INDEX, html.render(html.environment(_TEMPLATES), "reviews.html.j2", **values))


def summary(review: Review) -> dict[str, Any]:
    """Return the review as JSON has it: amounts are texts with every decimal."""
    return {
        "week": str(review.week),
        "build_id": review.build_id,
        "is_whole": review.is_whole,
        "matters": matters.sentences(review),
        "kpis": [_summed(kpi) for kpi in review.kpis],
        "unknown": list(review.unknown),
    }


def _summed(kpi: Kpi) -> dict[str, Any]:
    about, now = kpi.about, kpi.now
    names = ("value", "previous_value", "change", "target")
    figures = {name: None if now is None else _text(getattr(now, name)) for name in names}
    reasons = [] if now is None else [{"subject": each.subject, "change": _text(each.change)} for each in now.reasons]
    known = {"kpi": about.kpi, "name": about.name, "billing_currency": about.currency, "unit": about.unit}
    return {**known, "grain": about.grain, **figures, "standing": kpi.standing.value, "reasons": reasons}


def _text(amount: object) -> str | None:
    return None if amount is None else cell(amount)


def _write(review: Review, folder: Path, links: list[tuple[str, str]]) -> None:
    (folder / store.PAGE).write_text(page.written(review, links), encoding="utf-8")
    pdf.write(review, folder / store.PDF)
    csv_file.write(review, folder / store.CSV)
    (folder / store.SUMMARY).write_text(json.dumps(summary(review), indent=2), encoding="utf-8")
    _verify(review, folder)


def _verify(review: Review, folder: Path) -> None:
    """Read back what was written. Raise OSError where a file is cut, so that no reader gets it."""
    with (folder / store.CSV).open(encoding="utf-8", newline="") as handle:
        is_same = list(csv.reader(handle))[1:] == csv_file.rows(review)
    is_whole = (folder / store.PAGE).read_text(encoding="utf-8").rstrip().endswith("</html>")
    is_pdf = (folder / store.PDF).read_bytes().rstrip().endswith(b"%%EOF")
    if not (is_same and is_whole and is_pdf):
        raise OSError(f"what was written to {folder} does not read back as it was; is the disk full?")


def _write_apart(review: Review, out: Path) -> Path:
    draft = out / f".review.{review.week}.tmp"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        _write(review, draft, [])
        for name in store.FILES:
            with replacing(out / name) as temporary:
                shutil.copyfile(draft / name, temporary)
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise BadInput(f"cannot write into {out}: {error.strerror}; name a folder that you may write") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return out
