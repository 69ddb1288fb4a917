"""The page of budgets: all at a glance, and a burn-down of each, as they are published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.budgets.models import Standing
from finops.core.money import digits_of, rounded
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier
from finops.pages import html, site, wording
from finops.pages.figures import BandPoint, Figure, Headline
from finops.stores.published import Publication

_TEMPLATES = Path(__file__).parent / "templates"
MOST_CARDS, MOST_ROWS = 40, 500
"""Budgets with a burn-down on the page, and in its table; those that do worst come first."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Card:
    """A budget with its burn-down. Amounts are in words."""

    anchor: str
    name: str
    about: str
    standing: str
    badge: str
    spent: str
    unit: str
    says: str
    points: tuple[BandPoint, ...]
    mark: int | None
    limit: int
    currency: str
    digits: int
    days: tuple[tuple[str, ...], ...]
    proposals: tuple[str, ...]


def write(settings: Settings, version: Publication) -> str:
    """Return the page of the newest published run date."""
    with version.connect() as connection:
        (run_date,) = connection.execute("select max(run_date) from mart_budgets").fetchone() or (None,)
        rows = _rows(connection, "mart_budgets", run_date)
        days: dict[tuple[str, date], list[Row]] = {}
        for each in _rows(connection, "mart_budget_days", run_date, "order by budget, period_first, ds"):
            days.setdefault((each["budget"], each["period_first"]), []).append(each)
        proposals: dict[tuple[str, date], list[str]] = {}
        for each in _rows(connection, "mart_budget_proposals", run_date):
            proposals.setdefault((each["budget"], each["period_first"]), []).append(each["proposal"])
    rows.sort(key=_order)
    charted = [each for each in rows if days.get((each["budget"], each["period_first"]))]
    seen: set[str] = set()
    return html.render(
        html.environment(_TEMPLATES),
        "budgets.html.j2",
        run_date=run_date,
        headline=_headline(rows),
        rows=[_glance(each) for each in rows[:MOST_ROWS]],
        left_out=max(len(rows) - MOST_ROWS, 0),
        cards=[
            card(
                each,
                days[each["budget"], each["period_first"]],
                proposals.get((each["budget"], each["period_first"]), []),
                seen,
            )
            for each in charted[:MOST_CARDS]
        ],
        cards_left_out=max(len(charted) - MOST_CARDS, 0),
        links=site.links(settings, "Budgets"),
        build_id=version.build_id,
    )


def _rows(connection: Any, mart: str, run_date: date | None, order: str = "") -> list[Row]:
    if run_date is None:
        return []
    query = compose(
        "select * from {mart} where billing_period = {month} and run_date = {day}::date {order}",
        mart=identifier(mart),
        order=Sql(order),
        month=f"{run_date:%Y-%m}",
        day=str(run_date),
    )
    found = connection.execute(query)
    names = [each[0] for each in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


_STANDINGS = [each.value for each in (Standing.BREACHED, Standing.AT_RISK, Standing.UNKNOWN, Standing.IN_ORDER)]
_BADGES = {"breached": "missed", "at risk": "missed", "in order": "met", "unknown": "unknown"}


def _order(row: Row) -> tuple[Any, ...]:
    """Sort periods that run before those that have ended, then what does worst first."""
    is_over = row["period_last"] < row["run_date"]
    return (
        _STANDINGS.index(row["standing"]),
        is_over,
        -(row["breach_probability"] or 0.0),
        row["budget"],
        row["period_first"],
    )


def _headline(rows: Sequence[Row]) -> Headline:
    def figure(what: str, standing: str, note: str, sign: int) -> Figure:
        count = sum(each["standing"] == standing for each in rows)
        return Figure(what, str(count), note, sign if count else None)

    return Headline(
        (
            figure("Breached", "breached", "the limit is used up", 1),
            figure("At risk", "at risk", "expected to be used up, or likely", 1),
            figure("In order", "in order", "below the limit, and expected to stay", -1),
            figure("Unknown", "unknown", "nothing is measured yet", 0),
        )
    )


def amount(row: Row, value: Decimal | None) -> str:
    """Return an amount of a row in words, without its currency."""
    if value is None:
        return "–"
    if row["measure"] == "gpu_utilization":
        return f"{value:.1f} %"
    if row["measure"] == "cost_per_inference":
        return f"{round(value, 6).normalize():f}"
    digits = digits_of(row["billing_currency"])
    return wording.money(rounded(value, digits), digits)


def _period(row: Row) -> str:
    first, last = row["period_first"], row["period_last"]
    if row["per"] == "month":
        return f"{first:%Y-%m}"
    return f"week of {first}" if row["per"] == "week" else f"{first:%Y-%m} to {last:%Y-%m}"


def _about(row: Row) -> str:
    parts = [_period(row), row["scope"]]
    if row["measure"] == "direct and shared cost":
        parts.append(row["measure"])
    if row["owner"] and row["owner"] not in row["scope"]:
        parts.append(row["owner"])
    return " · ".join(parts)


def _glance(row: Row) -> dict[str, str]:
    chance = row["breach_probability"]
    return {
        "anchor": anchor(row),
        "name": row["name"],
        "about": _about(row),
        "limit": amount(row, row["budget_limit"]),
        "spent": amount(row, row["actual"]),
        "used": wording.share(None if row["used_share"] is None else round(row["used_share"] * 1000)),
        "forecast": amount(row, row["forecast"]),
        "chance": "–" if chance is None else f"{chance * 100:.0f} %",
        "unit": "" if row["actual"] is None or row["billing_currency"] == "(none)" else row["billing_currency"],
        "standing": row["standing"],
        "badge": _BADGES[row["standing"]],
    }


def anchor(row: Row) -> str:
    """Return the name of a budget's place on the page; events lead to it."""
    return "budget-" + "".join(each if each.isalnum() or each in "-_" else "-" for each in row["budget"])


def card(row: Row, days: Sequence[Row], proposals: Sequence[str], seen: set[str]) -> Card:
    """Return a budget's card. The first one of a budget has the anchor to which events lead."""
    digits = digits_of(row["billing_currency"])
    name = anchor(row)
    unique = name if name not in seen else f"{name}-{row['period_first']}"
    seen.add(name)
    mark = next((number for number, each in enumerate(days) if each["actual"] is None), None)
    return Card(
        anchor=unique,
        name=row["name"],
        about=_about(row),
        standing=row["standing"],
        badge=_BADGES[row["standing"]],
        spent=amount(row, row["actual"]),
        unit=row["billing_currency"],
        says=_says(row),
        points=tuple(_points(days, digits)),
        mark=mark,
        limit=rounded(row["budget_limit"], digits),
        currency=row["billing_currency"],
        digits=digits,
        days=tuple(
            (
                each["ds"].isoformat(),
                *(amount(row, each[n]) for n in ("actual", "expected", "lo_80", "hi_80", "even_spend")),
            )
            for each in days
        ),
        proposals=tuple(proposals),
    )


def _points(days: Sequence[Row], digits: int) -> Iterator[BandPoint]:
    """Yield the points of the chart. The band begins where actual cost ends."""
    last = max((number for number, each in enumerate(days) if each["actual"] is not None), default=-1)
    for number, each in enumerate(days):
        actual, expected = (None if each[n] is None else rounded(each[n], digits) for n in ("actual", "expected"))
        bounds = None
        if each["expected"] is not None:
            bounds = rounded(each["lo_80"], digits), rounded(each["hi_80"], digits)
        elif number == last and last < len(days) - 1 and actual is not None:
            expected, bounds = actual, (actual, actual)
        label = f"{each['ds'].day} {each['ds']:%b}"
        yield BandPoint(label, wording.day(each["ds"]), actual, expected, bounds)


def _says(row: Row) -> str:
    used = wording.share(None if row["used_share"] is None else round(row["used_share"] * 1000))
    parts = [f"{used} of {amount(row, row['budget_limit'])}"]
    if row["rolled_over"]:
        parts.append(f"of which {amount(row, row['rolled_over'])} was left before")
    if row["period_last"] < row["run_date"]:
        parts.append("the period has ended")
    else:
        bounds = f"{amount(row, row['lo_80'])} to {amount(row, row['hi_80'])}"
        parts.append(
            f"{amount(row, row['forecast'])} is expected by {wording.day(row['period_last'])} (80 %: {bounds})"
        )
        parts.append(f"probability of breach {row['breach_probability'] * 100:.0f} %")
        if row["days_until_breach"]:
            parts.append(f"used up in {row['days_until_breach']} days")
    if row["other_currencies"]:
        parts.append(f"charges in {row['other_currencies']} do not count")
    return "; ".join(parts)
