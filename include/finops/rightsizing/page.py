"""The page of the plan: what could be saved, by whom, and what is left alone and why, as it is published."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.core.money import digits_of, exact_sum, rounded
from finops.core.settings import Settings
from finops.pages import html, site, wording
from finops.pages.figures import Cell, Figure, Headline, Table
from finops.pages.figures import Row as TableRow
from finops.rightsizing import week
from finops.rightsizing.judging import OPEN, Status

_TEMPLATES = Path(__file__).parent / "templates"
MOST_ROWS = 300
"""Findings of each list on the page; those that save most come first."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding in words."""

    name: str
    resource: str
    about: str
    rule: str
    saving: str
    unit: str
    cost: str
    status: str
    badge: str
    action: str
    evidence: str
    remark: str
    sure: str
    provider: str
    hours: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of findings, and how many more there are."""

    title: str
    about: str
    ident: str
    rows: tuple[Shown, ...]
    left_out: int


def write(settings: Settings, build_id: str, found: Sequence[Row]) -> str:
    """Return the page of the rows of one run date of ``mart_findings``."""
    still_open = [each for each in found if each["status"] in OPEN]
    of_actions = [each for each in still_open if each["status"] != Status.DECISION]
    decisions = [each for each in still_open if each["status"] == Status.DECISION]
    left = [each for each in found if each["status"] not in OPEN]
    currencies = sorted({each["billing_currency"] for each in still_open if each["monthly_saving"]})
    return html.render(
        html.environment(_TEMPLATES),
        "findings.html.j2",
        run_date=found[0]["run_date"] if found else None,
        headlines=[_headline(each, still_open) for each in currencies] or [_headline("", still_open)],
        tables=[
            table
            for each in currencies
            for table in (_by("owner", "Cost centre", each, still_open), _by("rule", "Rule", each, still_open))
        ],
        lists=[
            _listed(
                "What can be done", "each with its action; nothing is done before it is approved", "actions", of_actions
            ),
            _listed("What a person has to decide", "no action does it alone", "decisions", decisions),
            _listed("What is left alone, and why", "refused or suppressed; not in the totals", "refused", left),
        ],
        links=[*_to_savings(settings), *site.links(settings, "Savings")],
        build_id=build_id,
    )


def _to_savings(settings: Settings) -> list[tuple[str, str]]:
    is_there = (settings.root / "rightsizing" / "savings.html").exists()
    return [("savings.html", "What actions saved")] if is_there else []


def _saving(currency: str, rows: Sequence[Row], *statuses: str) -> int:
    chosen = (
        each["monthly_saving"]
        for each in rows
        if each["billing_currency"] == currency and (not statuses or each["status"] in statuses)
    )
    return rounded(exact_sum(chosen), digits_of(currency))


def _headline(currency: str, rows: Sequence[Row]) -> Headline:
    digits = digits_of(currency)

    def figure(what: str, note: str, *statuses: str) -> Figure:
        return Figure(what, wording.money(_saving(currency, rows, *statuses), digits), note)

    return Headline(
        (
            figure("Could be saved a month", "at effective price"),
            figure("Proposed", "with an action, found often enough", Status.PROPOSED),
            figure("Waiting", "not found often enough in a row yet", Status.WAITING),
            figure("To be decided", "by a person", Status.DECISION),
        ),
        currency,
    )


def _by(column: str, heading: str, currency: str, rows: Sequence[Row]) -> Table:
    """Return the savings of a currency by owner or rule, the largest first."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for each in rows:
        if each["billing_currency"] == currency:
            groups[each[column] or "nobody named"].append(each)
    digits = digits_of(currency)
    sums = sorted(
        ((_saving(currency, each), name, len(each)) for name, each in groups.items()), key=lambda s: (-s[0], s[1])
    )
    lines = tuple(
        TableRow(words(name) if column == "rule" else name, (Cell.money(saving, digits), Cell.quantity(count)))
        for saving, name, count in sums[:MOST_ROWS]
    )
    total = TableRow("Total", (Cell.money(_saving(currency, rows), digits), Cell.quantity(sum(s[2] for s in sums))))
    title = f"By {heading.lower()}"
    return Table(
        f"by-{column}-{currency}", title, f"a month, in {currency}", (heading, "Saving", "Findings"), lines, total
    )


def _listed(title: str, about: str, ident: str, rows: Sequence[Row]) -> Listed:
    ordered = sorted(rows, key=lambda each: (-each["monthly_saving"], each["billing_currency"], each["finding_key"]))
    return Listed(title, about, ident, tuple(map(_shown, ordered[:MOST_ROWS])), max(len(rows) - MOST_ROWS, 0))


_BADGES = {Status.PROPOSED: "met", Status.REFUSED: "missed"}


def _shown(row: Row) -> Shown:
    about = (
        row["provider"] and wording.name(row["provider"]),
        row["account_id"],
        row["region"],
        row["owner"],
        row["project"],
    )
    remarks = (row["reason"], row["note"])
    return Shown(
        name=wording.resource_name(row["resource_id"]),
        resource=row["resource_id"],
        about=" · ".join(filter(None, about)),
        rule=words(row["rule"]),
        saving=_money(row["monthly_saving"], row["billing_currency"]),
        unit=row["billing_currency"],
        cost=_money(row["monthly_cost"], row["billing_currency"]),
        status=row["status"],
        badge=_BADGES.get(row["status"], "unknown"),
        action=words(row["action"]),
        evidence=row["evidence"],
        remark="; ".join(filter(None, remarks)),
        sure=f"confidence {row['confidence'] * 100:.0f} % · risk {row['risk']} · effort {row['effort']}",
        provider=_provider(row),
        hours=_hours(row),
    )


def _hours(row: Row) -> tuple[tuple[int, int], ...]:
    """Return the fewest and the most instances of each hour of a week; nothing of another finding."""
    changes = json.loads(row["facts"]).get("changes") if row["rule"] == "scheduled_scaling" else None
    return tuple(week.hours_of(changes)) if changes else ()


_SAYS = {"agrees": "The provider agrees", "differs": "The provider says otherwise"}


def _provider(row: Row) -> str:
    """Return what the provider recommends, where that is not the finding itself; earlier releases did not know it."""
    words = _SAYS.get(row.get("provider_says") or "")
    return f"{words}: {row['provider_advice']}" if words else ""


def _money(amount: Decimal, currency: str) -> str:
    digits = digits_of(currency)
    return wording.money(rounded(amount, digits), digits)


_WRITTEN = {"gpu": "GPU", "gpus": "GPUs"}


def words(name: str) -> str:
    """Return the name of a rule or action as words: ``idle_gpu`` is "Idle GPU"."""
    words = " ".join(_WRITTEN.get(each, each) for each in name.split("_"))
    return words[:1].upper() + words[1:]
