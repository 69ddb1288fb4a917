"""Statements as HTML: a page of each, and the page that links them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment

from finops.chargeback.formats import folding
from finops.chargeback.statement.models import ROUNDING, Statement
from finops.chargeback.statement.sections import completeness, total_charged
from finops.chargeback.statement.slugs import slug_of
from finops.core.periods import BillingPeriod
from finops.pages import html


def statement_page(statement: Statement, owners: Collection[str] = ()) -> str:
    """Return the page of one statement; the company's links the statements of ``owners``."""
    values = {"statement": statement, "period": statement.billing_period, "owners": owners}
    return html.render(_environment(), "statement.html.j2", **values)


def index_page(period: BillingPeriod, build_id: str, statements: Sequence[Statement]) -> str:
    """Return the page that links all statements of a billing period; ``statements`` begins with the company's."""
    values = {"period": period, "build_id": build_id, "company": statements[0], "statements": statements[1:]}
    return html.render(_environment(), "index.html.j2", **values)


@cache
def _environment() -> Environment:
    made = html.environment(Path(__file__).parent / "templates")
    made.filters["slug"] = slug_of
    made.globals |= {
        "TOTAL_CHARGED": total_charged.LABEL,
        "total_charged": total_charged.table,
        "charged_parts": total_charged.parts_of,
        "charges_more": total_charged.beyond_direct,
        "says_more": total_charged.says_more,
        "not_allocated": total_charged.not_allocated,
        "ROUNDING": ROUNDING,
        "month_lines": folding.month_lines,
        "has_lines": folding.has_lines,
        "completeness": completeness.remark,
        "folded": folding.folded,
        "folded_adjustments": folding.folded_adjustments,
        "origins": folding.origins,
        "strip_parts": folding.strip_parts,
    }
    return made
