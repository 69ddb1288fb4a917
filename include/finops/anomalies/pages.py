"""The pages of incidents: an index and one page each, of what is published and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from finops.anomalies import cause
from finops.anomalies.feedback import Precision, precision
from finops.anomalies.models import State
from finops.core.atomic import write_whole
from finops.core.locks import exclusive
from finops.core.money import digits_of, rounded
from finops.core.settings import Settings
from finops.pages import html, site, wording
from finops.pages.figures import BandPoint, Cell, Figure, Headline, Row, Table
from finops.stores.published import Publication

INDEX = "index.html"
_TEMPLATES = Path(__file__).parent / "templates"
_KINDS = {
    "spike": "Spike",
    "shift": "Level shift",
    "creep": "Slow rise",
    "drop": "Fall",
    "limit": "Above a limit",
    "price": "Price change",
}
NOTES = (
    (
        "Expected",
        "What the days would have cost by the days before: the weekdays' medians of four weeks, frozen when the "
        "incident began. The band holds 95 % of ordinary days. Of a rule it is the limit that the rule holds.",
    ),
    (
        "What is counted",
        "Usage at effective cost, by day of use in UTC, in the currency of the bill. Machines that recorded training "
        "runs use, and what is charged for more than a day at once, are left out.",
    ),
    (
        "Root cause",
        "The fewest values of dimensions that hold at least 80 % of the excess, against the same weekdays of the four "
        "weeks before. A value that all the usual cost has too is no cause; it stands below, to tell where that lies.",
    ),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A published incident, worded."""

    row: Mapping[str, Any]
    causes: tuple[Mapping[str, Any], ...]
    points: tuple[Mapping[str, Any], ...]

    @property
    def digits(self) -> int:
        """Decimals of its currency."""
        return digits_of(str(self.row["billing_currency"]))

    @property
    def title(self) -> str:
        """Its kind and where it is."""
        return f"{_KINDS.get(self.row['kind'], self.row['kind'])}: {self.row['title']}"

    @property
    def status(self) -> str:
        """Open, or why it closed."""
        return "Open" if self.row["state"] == State.OPEN else f"Closed: {self.row['ending']}"

    def units(self, name: str) -> int:
        """Return an amount in smallest units."""
        return rounded(self.row[name], self.digits)

    def money(self, name: str) -> str:
        """Return an amount in words."""
        return wording.money(self.units(name), self.digits)

    @property
    def percent(self) -> str:
        """The excess in percent of what was expected."""
        found = self.row["excess_percent"]
        return "nothing was expected" if found is None else wording.signed_percent(Fraction(found) / 100)

    @property
    def days(self) -> str:
        """Its days."""
        first, last = self.row["first_day"], self.row["last_day"]
        return wording.day(first) if first == last else f"{wording.day(first)} – {wording.day(last)}"


def write(
    settings: Settings,
    version: Publication,
    rows: Sequence[Mapping[str, Any]],
    causes: Iterable[Mapping[str, Any]],
    points: Iterable[Mapping[str, Any]],
) -> Path:
    """Write a page for each incident, then the index; remove pages of incidents that are gone. Return the index."""
    by_cause, by_point = _by_incident(causes, "rank"), _by_incident(points, "ds")
    shown = [
        Shown(row, tuple(by_cause.get(row["incident_id"], ())), tuple(by_point.get(row["incident_id"], ())))
        for row in sorted(rows, key=_order)
    ]
    as_of = datetime.fromisoformat(version.manifest["published_at"]).astimezone(UTC)
    environment = html.environment(_TEMPLATES)
    folder = settings.incidents_dir
    with exclusive(settings, "incidents"):
        for each in shown:
            text = html.render(environment, "incident.html.j2", **_page(each), as_of=as_of, build_id=version.build_id)
            write_whole(folder / f"{each.row['incident_id']}.html", text)
        links = site.links(settings, "Incidents")
        values = {"links": links, "as_of": as_of, "build_id": version.build_id, **_index(shown)}
        write_whole(folder / INDEX, html.render(environment, "incidents.html.j2", **values))
        wanted = {f"{each.row['incident_id']}.html" for each in shown}
        for path in folder.glob("INC-*.html"):
            if path.name not in wanted:
                path.unlink()
    return folder / INDEX


def _order(row: Mapping[str, Any]) -> tuple[bool, float, Any]:
    return row["state"] != State.OPEN, -row["first_day"].toordinal(), -abs(row["excess_cost"])


def _by_incident(rows: Iterable[Mapping[str, Any]], order: str) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda each: (each["incident_id"], each[order])):
        found.setdefault(row["incident_id"], []).append(row)
    return found


def _index(shown: Sequence[Shown]) -> dict[str, Any]:
    parts = [
        (title, note, [each for each in shown if (each.row["state"] == State.OPEN) is is_open])
        for title, note, is_open in (("Open", "the newest first", True), ("Closed", "the newest first", False))
    ]
    totals: dict[str, Decimal] = {}
    for each in parts[0][2]:
        currency = each.row["billing_currency"]
        totals[currency] = totals.get(currency, Decimal(0)) + each.row["excess_cost"]
    sums = [
        f"{wording.money(rounded(total, digits_of(currency)), digits_of(currency))} {currency}"
        for currency, total in sorted(totals.items())
    ]
    return {"parts": parts, "sums": " and ".join(sums), "answers": _answers(precision(each.row for each in shown))}


def _answers(found: Precision) -> str:
    if found.value is None:
        return "Nobody has answered yet: `finops incidents feedback ID yes|no|planned --by NAME` says which were right."
    return (
        f"People called {found.yes} right and {found.no} wrong ({found.value:.0%} right), and {found.planned} planned."
    )


def _page(each: Shown) -> dict[str, Any]:
    row, currency = each.row, each.row["billing_currency"]
    return {
        "incident": row,
        "title": each.title,
        "status": each.status,
        "days": each.days,
        "headline": _headline(each),
        "band": [_point(point, each.digits) for point in each.points],
        "mark": next((n for n, point in enumerate(each.points) if point["is_odd"]), None),
        "currency": currency,
        "digits": each.digits,
        "causes": _causes(each),
        "facts": _facts(each),
        "notes": NOTES,
    }


def _headline(each: Shown) -> Headline:
    row = each.row
    figures = [
        Figure(
            "Impact so far", each.money("excess_cost"), f"{each.percent} against expected", each.units("excess_cost")
        ),
        Figure("Cost of its days", each.money("actual_cost"), f"expected {each.money('expected_cost')}"),
        Figure("Alert after", _hours(row["detection_hours"]), "since the first abnormal hour in the bill"),
    ]
    if row["state"] == State.OPEN:
        ahead = Figure(
            "Projected", each.money("projected_excess_cost"), "if it goes on", each.units("projected_excess_cost")
        )
        figures.insert(1, ahead)
    return Headline(tuple(figures), str(row["billing_currency"]))


def _hours(hours: float) -> str:
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.1f} days"


def _point(point: Mapping[str, Any], digits: int) -> BandPoint:
    at: datetime = point["ds"]
    is_day = at.time() == time(0)
    low, high, expected, actual = (
        rounded(point[f"{name}_cost"], digits) for name in ("low", "high", "expected", "actual")
    )
    label = f"{at.day} {at:%b}" if is_day else f"{at:%H}:00"
    words = wording.day(at.date()) if is_day else f"{wording.day(at.date())} {at:%H:%M}"
    return BandPoint(label, words, actual, expected, outer=(low, high), is_odd=bool(point["is_odd"]))


def _causes(each: Shown) -> Table:
    rows = tuple(
        Row(
            wording.short(part["value"], 120),
            (
                Cell.text(cause.name_of(part["dimension"])),
                Cell.signed(rounded(part["excess_cost"], each.digits), each.digits),
                Cell.share(Decimal(repr(part["share"]))),
            ),
            "" if part["role"] == "cause" else "where the cause lies",
        )
        for part in each.causes
    )
    headings = ("Value", "Dimension", "Added", "Of the excess")
    note = f"in {each.row['billing_currency']}, against the same weekdays of the four weeks before"
    return Table("causes", "Root cause", note, headings, rows)


def _facts(each: Shown) -> list[tuple[str, str]]:
    row = each.row
    found = [
        ("Likely owner", row["owner"] or "unknown"),
        ("Cost centre", row["owner_cost_center"] or "unknown"),
        (
            "Price or quantity",
            f"{each.money('price_excess_cost')} by price, {each.money('quantity_excess_cost')} by quantity",
        ),
        ("Raised by", "the detector" if row["source"] == "detector" else f"rule {row['source']}"),
        ("First abnormal hour", f"{row['first_hour']:%Y-%m-%d %H:%M} UTC"),
        ("Alert", f"{row['raised_at']:%Y-%m-%d %H:%M} UTC{', by a look at the past' if row['is_backfill'] else ''}"),
    ]
    if row["probability"] is not None:
        found.append(("An ordinary day is so far off", f"with a probability of at most {row['probability']:.1g}"))
    if row["traffic_times"] is not None:
        found.append(("Requests", f"{row['traffic_times']:.1f} times the usual"))
    if row["top_sources_percent"] is not None:
        found.append(("Of the requests added", f"{row['top_sources_percent']:.0f} % come from the few largest sources"))
    if row["avoided_cost"] is not None:
        found.append(("Avoided by mitigation", f"{each.money('avoided_cost')} {row['billing_currency']}"))
    if row["other_series"]:
        found.append(("Also seen in", row["other_series"]))
    said = row["verdict"]
    why = f" ({row['verdict_why']})" if row["verdict_why"] else ""
    found.append(("Answer", f"{said} by {row['verdict_by']}{why}" if said else "none yet"))
    return found
