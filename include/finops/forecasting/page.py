"""The page of forecasts: what is to come, how sure it is, and how good earlier forecasts were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.core.money import digits_of, rounded
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.forecasting import page_tables, shown
from finops.forecasting.models import TEAM, TOTAL
from finops.forecasting.shown import AFTER, BEFORE, Shown
from finops.pages import html, site, wording
from finops.pages.figures import BandPoint, Figure, Headline, Table
from finops.policy import forecasting as policy_file
from finops.stores.published import Publication

_TEMPLATES = Path(__file__).parent / "templates"

NOTES = (
    (
        "How to read the charts",
        "The solid line is what usage cost on each day. The dashed line is what is expected; the darker band "
        "holds the cost of four days in five, the paler one of nineteen in twenty. Wide bands are honest: they "
        "say that little is known.",
    ),
    (
        "What is forecast",
        "Effective cost of usage: what is paid after discounts, with prepaid commitments spread over the usage "
        "they pay for. Tax, credits, refunds, purchases, support and subscriptions come by date; they are "
        "forecast by rule, stand in month totals and not in the charts. Currencies are never added together.",
    ),
    (
        "The last days",
        "Charges arrive for some days after they were made. Days that are not whole yet are estimated from how "
        "fast earlier days filled up and from like days before, so that a day that is cut off is not taken for "
        "savings.",
    ),
    (
        "The scorecard",
        "Every method forecasts past days from what was known before them, and is held against what came. Month "
        "off by: the error of month totals forecast in mid-month. Against last week: below 1 is better than to "
        "expect the same as a week before. Leans: whether forecasts were too high or too low altogether. Within "
        "80 and 95 %: the part of days that the bounds held, which should be near these figures. Earlier months: "
        "the error of month totals that were published in mid-month, of months that are over.",
    ),
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A series' days: actual, expected and bounds, in smallest units; ``mark`` is the first forecast day's place."""

    title: str
    points: tuple[BandPoint, ...]
    mark: int


@dataclass(frozen=True, slots=True)
class Part:
    """What the page says in one currency."""

    currency: str
    digits: int
    headline: Headline
    total: Chart
    teams: tuple[Chart, ...]
    tables: tuple[Table, ...]


def written(settings: Settings, version: Publication) -> str:
    """Return the page. Raise NotReady before forecasts are published."""
    found = shown.read(version, policy_file.load(settings))
    return html.render(
        html.environment(_TEMPLATES),
        "forecasts.html.j2",
        run_date=found.run_date,
        shown=found,
        parts=[part(found, currency) for currency in found.currencies],
        notes=NOTES,
        links=site.links(settings, "Forecasts"),
    )


def part(found: Shown, currency: str) -> Part:
    """Return a currency's part of the page."""
    digits = digits_of(currency)
    of_currency = [row for row in found.totals if row["billing_currency"] == currency]
    teams = [row["series"] for row in of_currency if row["level"] == TEAM and row["period"] == "month"]
    with_days = {row["series"] for row in found.days if row["billing_currency"] == currency and row["level"] == TEAM}
    return Part(
        currency,
        digits,
        _headline(of_currency, found, currency),
        _chart(found, currency, TOTAL, TOTAL, digits),
        tuple(_chart(found, currency, TEAM, team, digits) for team in teams if team in with_days),
        page_tables.of_currency(found, currency),
    )


def _headline(totals: Sequence[dict[str, Any]], found: Shown, currency: str) -> Headline:
    by_period = {row["period"]: row for row in totals if row["level"] == TOTAL}
    month, digits = by_period["month"], digits_of(currency)
    name = wording.month(BillingPeriod(found.run_date.year, found.run_date.month))
    error = page_tables.month_error(found, currency)
    spent = f"before {wording.day(found.run_date)}"
    return Headline(
        (
            Figure(f"Expected for {name}", _money(month["mean"], digits), _between(month, digits)),
            Figure("Spent so far", _money(month["actual_cost"], digits), spent),
            Figure(
                "Next 30 days", _money(by_period["30 days"]["mean"], digits), _between(by_period["30 days"], digits)
            ),
            Figure(
                "Month totals were off by",
                "–" if error is None else f"{error * 100:.1f} %",
                "when forecast in the middle of the last months",
            ),
        ),
        currency,
    )


def _between(row: dict[str, Any], digits: int) -> str:
    return f"80 % sure: {_money(row['lo_80'], digits)} to {_money(row['hi_80'], digits)}"


def _money(amount: Decimal, digits: int) -> str:
    return wording.money(rounded(amount, digits), digits)


def _chart(found: Shown, currency: str, level: str, series: str, digits: int) -> Chart:
    usage = found.usage[found.usage["billing_currency"] == currency]
    if level == TEAM:
        usage = usage[usage["cost_center"] == series]
    actual = {day.date(): amount for day, amount in usage.groupby("charge_date")["amount"].sum().items()}
    known = {"billing_currency": currency, "level": level, "series": series}
    rows = {row["ds"].date(): row for row in found.days if all(row[name] == value for name, value in known.items())}
    open_days = _open_days(found, currency) if level == TOTAL else {}
    first_open = min((row["charge_date"] for row in found.nowcasts), default=found.run_date)
    points = []
    for number in range(-BEFORE, AFTER):
        day = found.run_date + timedelta(days=number)
        is_known = day < first_open
        amount = round(actual.get(day, 0.0) * 10**digits) if is_known else None
        points.append(_point(day, amount, rows.get(day) or open_days.get(day), digits))
    name = "All usage" if level == TOTAL else wording.name(series)
    return Chart(name, tuple(points), BEFORE)


def _open_days(found: Shown, currency: str) -> dict[date, dict[str, Decimal]]:
    """Return the estimate of days that are not whole, all providers added up; doubts add up as squares.

    Providers whose day is whole have no estimate of it; what they cost is added.
    """
    summed: dict[date, dict[str, Decimal]] = {}
    usage = found.usage[found.usage["billing_currency"] == currency]
    arrived = {day.date(): Decimal(str(amount)) for day, amount in usage.groupby("charge_date")["amount"].sum().items()}
    for row in found.nowcasts:
        if row["billing_currency"] != currency:
            continue
        day = row["charge_date"]
        into = summed.setdefault(day, {"mean": arrived.get(day, Decimal(0)), **dict.fromkeys(_BOUNDS, Decimal(0))})
        into["mean"] += row["estimated_cost"] - row["seen_cost"]
        for name in _BOUNDS:
            into[name] += (row[name] - row["estimated_cost"]) ** 2
    for into in summed.values():
        for name in _BOUNDS:
            into[name] = into["mean"] + (-1 if name.startswith("lo") else 1) * into[name].sqrt()
    return summed


_BOUNDS = ("lo_80", "hi_80", "lo_95", "hi_95")


def _point(day: date, actual: int | None, row: dict[str, Any] | None, digits: int) -> BandPoint:
    label = f"{day.day} {day:%b}"
    if row is None:
        return BandPoint(label, wording.day(day), actual)
    units = {name: rounded(row[name], digits) for name in ("mean", *_BOUNDS)}
    inner, outer = (units["lo_80"], units["hi_80"]), (units["lo_95"], units["hi_95"])
    return BandPoint(label, wording.day(day), actual, units["mean"], inner, outer)
