"""The page of the ledger: what actions have saved against what was estimated, as it is published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from finops.core.money import digits_of, exact_arithmetic, exact_sum, rounded
from finops.core.settings import Settings
from finops.pages import html, site, wording
from finops.pages.figures import Cell, Figure, Headline, Table
from finops.pages.figures import Row as TableRow
from finops.rightsizing import rule_rows
from finops.rightsizing.page import words
from finops.stores.state import actions
from finops.stores.state.suppressions import SetAside

_TEMPLATES = Path(__file__).parent / "templates"
MOST_ROWS = 300
"""Actions, and lines of a table, on the page; the newest actions and the largest savings come first."""

_LEAST_HOURS = 0.1

Row = Mapping[str, Any]
_BADGES = {actions.APPLIED: "met", actions.FAILED: "missed", actions.BACKED_OUT: "missed", actions.ABANDONED: "missed"}


@dataclass(frozen=True, slots=True)
class Chart:
    """What was realised and estimated in each month, in smallest units of the currency."""

    currency: str
    ident: str
    months: tuple[tuple[str, tuple[int, int]], ...]


@dataclass(frozen=True, slots=True)
class InCurrency:
    """What is shown of one currency."""

    headline: Headline
    chart: Chart
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """An action in words."""

    name: str
    resource: str
    about: str
    people: str
    remark: str
    done: str
    counts: str
    estimated: str
    realised: str
    ratio: str
    added: str
    status: str
    badge: str


@dataclass(frozen=True, slots=True)
class _Sums:
    estimated: Decimal
    realised: Decimal
    added: Decimal
    days: int
    actions: int

    @property
    @exact_arithmetic()
    def ratio(self) -> Decimal | None:
        return self.realised / self.estimated if self.estimated > 0 else None


@dataclass(frozen=True, slots=True)
class Rules:
    """The newest rows of ``mart_rightsizing_rules``, and the rules that are set aside by now."""

    rows: Sequence[Row]
    set_aside: Mapping[str, SetAside]


def write(settings: Settings, build_id: str, every: Sequence[Row], savings: Sequence[Row], rules: Rules) -> str:
    """Return the page of the rows of ``mart_actions`` and ``mart_action_savings``, and of how rules stand."""
    own = [each for each in every if not each["rollback_of"]]
    newest = sorted(own, key=lambda each: (each["requested_at"], each["action_id"]), reverse=True)
    undone = {each["rollback_of"]: each for each in every if each["rollback_of"]}
    of_action: dict[str, list[Row]] = defaultdict(list)
    for each in savings:
        of_action[each["action_id"]].append(each)
    return html.render(
        html.environment(_TEMPLATES),
        "action_savings.html.j2",
        success=_success(own) if own else None,
        parts=[
            _in_currency(each, savings, rules.rows) for each in sorted({row["billing_currency"] for row in savings})
        ],
        actions=[_shown(each, of_action[each["action_id"]], undone) for each in newest[:MOST_ROWS]],
        left_out=max(len(own) - MOST_ROWS, 0),
        silent=_silent(rules),
        links=[("index.html", "Savings"), *site.links(settings, "Savings")],
        build_id=build_id,
    )


def _success(own: Sequence[Row]) -> Headline:
    ended = [each for each in own if each["status"] in actions.BEGUN and each["status"] != actions.APPLYING]
    done = [each for each in ended if each["hours_to_resolve"] is not None]
    waiting = sum(each["status"] in actions.OPEN for each in own)
    hours = _hours(median(each["hours_to_resolve"] for each in done)) if done else "–"
    rate = wording.share(round(1000 * len(done) / len(ended))) if ended else "–"
    return Headline(
        (
            Figure("Success rate", rate, f"{len(done)} done of {len(ended)} that were begun and have ended"),
            Figure("Median hours to resolve", hours, "from asking to done"),
            Figure("Wait or are under way", f"{waiting:,}", "for approval, or to be applied"),
            Figure("Actions", f"{len(own):,}", "rollbacks left out"),
        )
    )


def _sums(rows: Iterable[Row]) -> _Sums:
    found = list(rows)

    def total(name: str) -> Decimal:
        return exact_sum(each[name] for each in found)

    days = sum(each["days"] for each in found)
    return _Sums(
        total("estimated"), total("realised"), total("added_cost"), days, len({each["action_id"] for each in found})
    )


def _silent(rules: Rules) -> list[tuple[str, str]]:
    """Return the rules that propose nothing, each with why."""
    off = {each["rule"]: "switched off in rightsizing.yml" for each in rules.rows if each["state"] == rule_rows.OFF}
    aside = {rule: f"{each.reason}; set aside on {_at(each.since)}" for rule, each in rules.set_aside.items()}
    return [(words(rule), why) for rule, why in sorted((aside | off).items())]


def _last_actions(currency: str, rows: Sequence[Row]) -> Table:
    """Return what the last actions of each rule have saved, by which it is set aside or not; the worst first."""
    digits = digits_of(currency)
    lines = []
    for row in rows:
        if row["billing_currency"] != currency or not row["last_actions"]:
            continue
        sums = _Sums(row["estimated"], row["realised"], Decimal(0), 0, row["last_actions"])
        amounts = [Cell.money(rounded(each, digits), digits) for each in (sums.realised, sums.estimated)]
        counts = (Cell.quantity(row["last_actions"]), Cell.quantity(row["findings"]))
        state = "" if row["state"] == rule_rows.ENABLED else row["state"].replace("_", " ")
        lines.append((sums.ratio, TableRow(words(row["rule"]), (*amounts, Cell.share(sums.ratio), *counts), state)))
    lines.sort(key=lambda each: (each[0], each[1].label))
    headings = ("Rule", "Realised", "Estimated", "Ratio", "Actions", "Findings now")
    about = f"in {currency}; a rule whose last actions realise too little of it is set aside"
    return Table(f"rules-{currency}", "Last actions of each rule", about, headings, tuple(row for _, row in lines))


def _in_currency(currency: str, savings: Sequence[Row], rules: Sequence[Row]) -> InCurrency:
    rows = [each for each in savings if each["billing_currency"] == currency]
    sums, digits = _sums(rows), digits_of(currency)
    months: dict[str, list[Row]] = defaultdict(list)
    for each in rows:
        months[each["billing_period"]].append(each)
    pairs = []
    for month, found in sorted(months.items()):
        of_month = _sums(found)
        pairs.append((month, (rounded(of_month.realised, digits), rounded(of_month.estimated, digits))))
    headline = Headline(
        (
            Figure("Realised", _money(sums.realised, currency), "what the days since cost less than before"),
            Figure("Estimated", _money(sums.estimated, currency), "by the findings, for the same days"),
            Figure("Realised of estimated", wording.cell(Cell.share(sums.ratio)), f"{sums.actions:,} actions"),
            Figure("Added cost", _money(sums.added, currency), "where a resource costs more than before"),
        ),
        currency,
    )
    kinds = (("billing_period", "Month"), ("rule", "Rule"), ("owner", "Cost centre"))
    of_rules = _last_actions(currency, rules)
    tables = tuple(_by(column, heading, currency, rows) for column, heading in kinds)
    tables += (of_rules,) if of_rules.rows else ()
    return InCurrency(headline, Chart(currency, f"months-{currency}", tuple(pairs)), tables)


def _by(column: str, heading: str, currency: str, rows: Sequence[Row]) -> Table:
    """Return the sums by month, in order, or by rule or owner, what saved most first."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for each in rows:
        groups[each[column] or "nobody named"].append(each)
    sums = sorted((name, _sums(each)) for name, each in groups.items())
    if column != "billing_period":
        sums.sort(key=lambda each: -each[1].realised)
    lines = tuple(_line(words(name) if column == "rule" else name, each, currency) for name, each in sums[:MOST_ROWS])
    headings = (heading, "Realised", "Estimated", "Ratio", "Added cost", "Actions")
    total = _line("Total", _sums(rows), currency)
    return Table(f"saved-by-{column}-{currency}", f"By {heading.lower()}", f"in {currency}", headings, lines, total)


def _line(label: str, sums: _Sums, currency: str) -> TableRow:
    digits = digits_of(currency)
    amounts = [Cell.money(rounded(each, digits), digits) for each in (sums.realised, sums.estimated)]
    added = Cell.money(rounded(sums.added, digits), digits)
    return TableRow(label, (*amounts, Cell.share(sums.ratio), added, Cell.quantity(sums.actions)))


def _shown(row: Row, savings: Sequence[Row], undone: Mapping[str, Row]) -> Shown:
    where = (
        wording.name(row["provider"]),
        row["account_id"],
        row["region"],
        row["owner"],
        f"action {row['action_id']}",
    )
    sums, currency = _sums(savings), row["billing_currency"]
    people = [f"asked for by {row['requested_by']} on {_at(row['requested_at'])}"]
    if row["approved_at"] is not None:
        people.append(f"approved by {row['approved_by']} on {_at(row['approved_at'])}")
    if row["hours_to_resolve"] is not None:
        people.append(f"done on {_at(row['finished_at'])}")
    remarks = [row["reason"], _rolled_back(undone.get(row["action_id"]))]
    return Shown(
        name=wording.resource_name(row["resource_id"]),
        resource=row["resource_id"],
        about=" · ".join(filter(None, (words(row["rule"]), *where))),
        people="; ".join(people),
        remark="; ".join(filter(None, remarks)),
        done=words(row["action"]),
        counts=f"{savings[0]['effective_from']}, {sums.days:,} days known" if savings else "",
        estimated=_money(sums.estimated, currency) if savings else "–",
        realised=f"{_money(sums.realised, currency)} {currency}" if savings else "–",
        ratio=wording.cell(Cell.share(sums.ratio)),
        added=_money(sums.added, currency) if savings else "–",
        status=row["status"].replace("_", " "),
        badge=_BADGES.get(row["status"], "unknown"),
    )


def _rolled_back(row: Row | None) -> str:
    if row is None:
        return ""
    if row["status"] == actions.APPLIED:
        return f"rolled back by {row['requested_by']} on {_at(row['finished_at'])}"
    said = f": {row['reason']}" if row["reason"] else ""
    return f"its rollback by {row['requested_by']} is {row['status'].replace('_', ' ')}{said}"


def _hours(hours: float) -> str:
    return f"{hours:,.1f}" if hours >= _LEAST_HOURS else f"< {_LEAST_HOURS}"


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _money(amount: Decimal, currency: str) -> str:
    digits = digits_of(currency)
    return wording.money(rounded(amount, digits), digits)
