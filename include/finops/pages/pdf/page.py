"""A page of blocks as PDF."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reportlab.platypus import CondPageBreak, Flowable

from finops.core.money import digits_of
from finops.pages import charts, wording
from finops.pages.figures import Block, DailyCosts, Headline, Page, Table
from finops.pages.pdf import flowables, sheet, tables
from finops.pages.pdf.drawing import Chart
from finops.pages.pdf.sheet import WIDTH
from finops.pages.pdf.typeface import drawable, fitted, value


def write(page: Page, path: Path) -> None:
    """Write the page; what a bill holds is drawn as text."""
    title, about = value(page.title), fitted(drawable(page.about), 10, WIDTH, most=1)[0]
    story: list[Flowable] = [flowables.Head(page.kind, page.status, title, about)]
    story += [flowable for block in page.blocks for flowable in _drawn(block)]
    foot = (title, f" · {page.kind} · {page.status}")
    sheet.write(story, path, title=f"{page.kind}: {title}", subject=about, as_of=page.as_of, foot=foot)


def _drawn(block: Block) -> Iterator[Flowable]:
    if isinstance(block, Headline):
        yield flowables.Figures(block.figures, block.unit)
    elif isinstance(block, Table):
        yield from tables.drawn(block)
    elif isinstance(block, DailyCosts):
        yield from daily_costs(block)
    else:
        yield flowables.Paragraph(value(block.title), drawable(block.text))


def daily_costs(chart: DailyCosts) -> Iterator[Flowable]:
    """Yield a month's cost per day, with the legend of its providers."""
    digits = digits_of(chart.currency)
    drawing = charts.daily_chart(chart.days, chart.period, chart.currency, digits, ident="days", width=720, height=210)
    providers = sorted({provider for day in chart.days for provider, _ in day.by_provider})
    legend = [(charts.series_of(each), value(each), "") for each in providers]
    elsewhere = charts.outside(chart.days, chart.period)
    if elsewhere:
        legend.append(("series-rest", "not drawn: days just outside the month", wording.money(elsewhere, digits)))
    yield CondPageBreak(230)
    yield flowables.Heading("Cost per day", f"effective cost in {chart.currency}, by day of use (UTC)")
    yield Chart(drawing, WIDTH)
    yield flowables.Legend(legend)
