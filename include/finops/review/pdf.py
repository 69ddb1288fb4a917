"""A review as PDF, with the same words and charts as its page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reportlab.platypus import CondPageBreak, Flowable

from finops.pages import charts
from finops.pages.pdf import flowables, sheet, tables
from finops.pages.pdf.beside import Beside
from finops.pages.pdf.sheet import INK, SOFT, colour_of
from finops.pages.pdf.typeface import drawable
from finops.review import matters, page, words
from finops.review.models import Kpi, Review

_KIND = "Weekly review"


def write(review: Review, path: Path) -> None:
    """Write the pages; what a bill holds is drawn as text."""
    status = "Whole week" if review.is_whole else "Provisional"
    title, about = words.span(review.week), "What AI work cost and how well it was used, against the week before"
    story: list[Flowable] = [flowables.Head(_KIND, status, title, about)]
    first, *others = matters.sentences(review)
    story.append(flowables.Heading("What matters this week"))
    story += [flowables.Paragraph(first, ""), *(flowables.Paragraph("", f"• {drawable(each)}") for each in others)]
    story += [flowable for each in review.currencies for flowable in _currency(review, *each)]
    story += _unknown(review)
    story.append(flowables.Heading("Notes"))
    story += [flowables.Paragraph(term, text) for term, text in page.NOTES]
    foot = (title, f" · {_KIND} · {status}")
    sheet.write(story, path, title=f"{_KIND}: {title}", subject=about, as_of=review.published_at, foot=foot)


def _currency(review: Review, currency: str, kpis: tuple[Kpi, ...]) -> Iterator[Flowable]:
    if len(review.currencies) > 1:
        yield CondPageBreak(160)
        yield flowables.Heading(words.billed_in(currency), size=15)
    yield from tables.drawn(page.overview(kpis, currency))
    for each in (page.card(kpi, review.week) for kpi in kpis):
        svg = charts.trend_chart(each.points, each.name, each.line, ident=each.ident, width=420, height=150)
        target = "No target is set" if each.target == "none" else f"Target: {each.target}"
        worse = {"rise": 1, "fall": -1}.get(each.direction)
        paragraphs = (
            (drawable(f"{each.period} · {target}" if each.period else target), SOFT),
            (drawable(f"{each.change}."), colour_of(worse)),
            (drawable(each.reasons), INK),
            (drawable(f"It needs {each.needs}." if each.needs else ""), INK),
            (drawable(each.how), SOFT),
        )
        figure = f"{each.number} {each.unit}".strip()
        yield Beside(drawable(each.name), each.badge, drawable(figure), svg, paragraphs)


def _unknown(review: Review) -> Iterator[Flowable]:
    found = page.unknown(review)
    if found:
        yield CondPageBreak(90)
        yield flowables.Heading("Unknown", "nothing was measured yet, which is not the same as zero")
    for _, about in found:
        yield flowables.Paragraph(about.name, drawable(f"{about.how} It needs {about.needs}."))
