"""A review as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from finops.core.dimensions import ABSENT
from finops.pages import html
from finops.pages.figures import Cell, Row, Table
from finops.review import matters, words
from finops.review.catalogue import CATALOGUE, About
from finops.review.models import Kpi, Review, Standing

_TEMPLATES = Path(__file__).parent / "templates"
HEADINGS = ("KPI", "This week", "Target", "Change", "Standing")
NOTES = (
    (
        "How to read this",
        "Each KPI is one quotient of two sums over everything it is about, such as cost over hours, never a mean of "
        "quotients. It is compared with the week before; a KPI that is known by month alone counts for every week of "
        "the month and is compared with the month before. Weeks run from Monday to Sunday, in UTC.",
    ),
    (
        "Costs",
        "Effective cost: what is paid after discounts, with prepaid commitments spread over the usage they pay for. "
        "Currencies are never added together.",
    ),
    (
        "The reasons",
        "A change is divided among those that caused it. Each one's part is what its own figure changed, and what its "
        "weight changed, so that all parts together are the change exactly; the three largest are named. One "
        "that is worse than the average and grew makes the whole worse, even if its own figure stayed.",
    ),
    (
        "Unknown",
        "Nothing was measured, or it was measured by nothing, such as a cost per request without requests. Unknown is "
        "not zero.",
    ),
)


@dataclass(frozen=True, slots=True)
class Card:
    """A KPI as it is shown: words, and the points of its chart."""

    ident: str
    name: str
    standing: Standing
    badge: str
    number: str
    unit: str
    period: str
    target: str
    change: str
    direction: str
    reasons: str
    how: str
    needs: str
    points: tuple[tuple[str, str, Decimal | None], ...]
    line: Decimal | None
    history: tuple[tuple[str, str, str], ...]
    history_unit: str


def card(kpi: Kpi, week: date) -> Card:
    """Return a KPI of the week worded."""
    about, now = kpi.about, kpi.now
    known = CATALOGUE.get(about.kpi, About(about.name, "", "", ""))
    direction = "" if now is None or now.is_better is None else "fall" if now.is_better else "rise"
    is_known = now is not None and now.value is not None
    line = [(start, None if each is None else each.value, each) for start, each in kpi.line(week + timedelta(days=6))]
    return Card(
        ident=f"{about.currency}-{about.kpi}".replace("_", "-").lower(),
        name=about.name,
        standing=kpi.standing,
        badge=words.STANDINGS[kpi.standing],
        number=words.number(now.value, now) if now is not None and now.value is not None else words.UNKNOWN,
        unit=words.unit(about) if is_known else "",
        period="" if now is None or now.grain == "week" else words.when(now.start, now.grain),
        target=words.target(about),
        change=words.change(now) if now is not None else "Nothing was measured this week",
        direction=direction,
        reasons=words.reasons(now, known.by) if now is not None else "",
        how=known.how,
        needs="" if is_known else known.needs,
        points=tuple((words.tick(start, about.grain), words.value(each, about), each) for start, each, _ in line),
        line=about.target,
        history=tuple(
            (
                words.when(start, about.grain).capitalize(),
                words.UNKNOWN if each is None else words.number(each, period or about),
                "–" if period is None else words.signed(period.change, period),
            )
            for start, each, period in reversed(line)
        ),
        history_unit=words.unit(about),
    )


def overview(kpis: Sequence[Kpi], currency: str) -> Table:
    """Return all KPIs of a currency at a glance."""
    rows = tuple(
        Row(
            kpi.about.name,
            tuple(map(Cell.text, _at_a_glance(kpi))),
            "" if kpi.now is None or kpi.now.grain == "week" else words.when(kpi.now.start, kpi.now.grain),
        )
        for kpi in kpis
    )
    return Table(
        f"overview-{currency}",
        "All KPIs at a glance",
        "" if currency == ABSENT else f"costs in {currency}",
        HEADINGS,
        rows,
    )


def _at_a_glance(kpi: Kpi) -> tuple[str | None, ...]:
    about = kpi.about
    value = words.UNKNOWN if kpi.standing is Standing.UNKNOWN else words.short_value(about)
    target = None if about.target is None else words.short_target(about)
    change = None if kpi.now is None or about.change is None else words.signed(about.change, about)
    return value, target, change, words.STANDINGS[kpi.standing]


def unknown(review: Review) -> list[tuple[str, About]]:
    """Return the KPIs of which nothing is known, with what is missing."""
    return [(name, CATALOGUE[name]) for name in review.unknown]


def written(review: Review, links: Sequence[tuple[str, str]]) -> str:
    """Return the page; ``links`` lead to what lies beside it."""
    parts = [
        (words.billed_in(currency), overview(kpis, currency), [card(each, review.week) for each in kpis])
        for currency, kpis in review.currencies
    ]
    return html.render(
        html.environment(_TEMPLATES),
        "review.html.j2",
        review=review,
        title=words.span(review.week),
        status="Whole week" if review.is_whole else "Provisional",
        sentences=matters.sentences(review),
        parts=parts,
        unknown=unknown(review),
        notes=NOTES,
        links=links,
    )
