"""Statements as self-contained HTML: no script, nothing fetched, and whatever a tag holds is shown as text."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from finops.chargeback.close.models import Adjustment, AdjustmentBlock, AdjustmentLine
from finops.chargeback.formats import charts, wording
from finops.chargeback.statement import charged, completeness
from finops.chargeback.statement.facts import UNALLOCATED
from finops.chargeback.statement.models import Breakdown, Line, Section, Shown, Statement
from finops.chargeback.statement.rounding import digits_of, rounded
from finops.chargeback.statement.slugs import slug_of
from finops.core.periods import BillingPeriod

_TEMPLATES = Path(__file__).parent / "templates"
_MOST_LINES = 25
_MOST_PARTS = 6


@dataclass(frozen=True, slots=True)
class Folded:
    """A breakdown short enough to read: its first lines, and the rest as one."""

    lines: tuple[Line, ...]
    rest: Line | None


class Part(NamedTuple):
    """One part of the strip that shows how a total splits."""

    label: str
    permille: int
    css_class: str


def statement_page(statement: Statement, owners: Collection[str] = ()) -> str:
    """Return the page of one statement; the company's links the statements of ``owners``."""
    return _render("statement.html.j2", statement=statement, period=statement.billing_period, owners=owners)


def index_page(period: BillingPeriod, build_id: str, statements: Sequence[Statement]) -> str:
    """Return the page that links all statements of a billing period; ``statements`` begins with the company's."""
    return _render("index.html.j2", period=period, build_id=build_id, company=statements[0], statements=statements[1:])


def _render(template: str, **values: object) -> str:
    return _environment().get_template(template).render(**values, **_style())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "money": wording.money,
        "signed_money": wording.signed_money,
        "share": wording.share,
        "signed_percent": wording.signed_percent,
        "name": wording.name,
        "month": wording.month,
        "day": wording.day,
        "slug": slug_of,
        "rate": wording.rate,
        "exact_money": lambda amount, currency: wording.money(
            rounded(amount, digits_of(currency)), digits_of(currency)
        ),
        "printable": wording.printable,
        "short": wording.short,
        "cell": wording.cell,
    }
    environment.globals |= {
        "UNALLOCATED": UNALLOCATED,
        "TOTAL_CHARGED": charged.LABEL,
        "total_charged": charged.schedule_of,
        "charged_parts": charged.parts_of,
        "charges_more": charged.beyond_direct,
        "says_more": charged.says_more,
        "not_allocated": charged.not_allocated,
        "label_of_total": charged.label_of_total,
        "completeness": completeness.remark,
        "folded": folded,
        "folded_adjustments": folded_adjustments,
        "origins": origins,
        "outside": outside,
        "strip_parts": strip_parts,
        "daily_chart": _drawing(charts.daily_chart),
        "series_of": charts.series_of,
        "share_strip": _drawing(charts.share_strip),
        "share_bar": _drawing(charts.share_bar),
        "change_bar": _drawing(charts.change_bar),
    }
    return environment


def _drawing(draw: Callable[..., str]) -> Callable[..., Markup]:
    def safe(*args: object, **options: object) -> Markup:
        # The drawing is serialised by an XML library, which escapes every text in it.
        return Markup(draw(*args, **options))

    return safe


@cache
def _style() -> dict[str, str]:
    """Return the style sheet and the digest by which the content security policy lets it, and no other, apply."""
    text = (_TEMPLATES / "statement.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return {"style": Markup(text), "style_digest": digest}


def folded(breakdown: Breakdown, most: int = _MOST_LINES) -> Folded:
    """Return the breakdown's lines up to ``most``, the others added up, so that the column still sums."""
    if len(breakdown.lines) <= most + 1:
        return Folded(breakdown.lines, None)
    lines = [line for line in breakdown.lines if line.labels != (UNALLOCATED,)]
    last = [line for line in breakdown.lines if line.labels == (UNALLOCATED,)]
    kept, others = lines[: most - len(last)] + last, lines[most - len(last) :]
    return Folded(tuple(kept), _added(others, f"{len(others)} others"))


@dataclass(frozen=True, slots=True)
class FoldedAdjustments:
    """The largest adjustments, and how many others there are with what these come to."""

    lines: tuple[AdjustmentLine, ...]
    count: int
    effective: int
    billed: int


def folded_adjustments(block: AdjustmentBlock, most: int = _MOST_LINES) -> FoldedAdjustments:
    """Return a block short enough to read, largest amounts first."""
    lines = sorted(block.lines, key=lambda n: (-max(abs(n.effective), abs(n.billed)), n.adjustment.key))
    kept, others = lines[:most], lines[most:]
    return FoldedAdjustments(tuple(kept), len(others), sum(n.effective for n in others), sum(n.billed for n in others))


def origins(block: AdjustmentBlock) -> list[Adjustment]:
    """Return one adjustment of each closed month and provider: all of these have the same origin."""
    found = {(n.adjustment.billing_period, n.adjustment.provider): n.adjustment for n in block.lines}
    return [found[key] for key in sorted(found)]


def _added(lines: Sequence[Line], label: str) -> Line:
    shares = [line.permille for line in lines]
    previous = [line.shown.previous for line in lines]
    return Line(
        (label,),
        Shown(
            sum(line.shown.effective for line in lines),
            sum(line.shown.billed for line in lines),
            None if None in previous else sum(each or 0 for each in previous),
        ),
        None if None in shares else sum(each or 0 for each in shares),
    )


def outside(section: Section, period: BillingPeriod) -> int:
    """Return the shown cost of days outside the calendar month, which bills of months in another time zone have."""
    month = (period.year, period.month)
    return sum(day.total for day in section.days if (day.charge_date.year, day.charge_date.month) != month)


def strip_parts(section: Section) -> list[Part]:
    """Return how the section's total splits: the company's by cost centre, a cost centre's by service category."""
    breakdown = section.breakdown("cost_center") or section.breakdown("service_category")
    if breakdown is None or any(line.permille is None for line in breakdown.lines):
        return []
    owned = [line for line in breakdown.lines if line.labels != (UNALLOCATED,)]
    parts = [Part(wording.name(line.labels[0]), line.permille or 0, f"series-{i}") for i, line in enumerate(owned)]
    if len(parts) > _MOST_PARTS:
        rest = sum(part.permille for part in parts[_MOST_PARTS - 1 :])
        parts = [*parts[: _MOST_PARTS - 1], Part("Others", rest, "series-rest")]
    loose = [line for line in breakdown.lines if line.labels == (UNALLOCATED,)]
    return parts + [Part(wording.name(UNALLOCATED), line.permille or 0, "series-loose") for line in loose]
