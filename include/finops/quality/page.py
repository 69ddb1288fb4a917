"""The gate's result as a page: Great Expectations' own Data Docs load fonts and scripts from elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

from finops.core.atomic import write_whole
from finops.pages import html
from finops.pages.figures import Cell, Figure, Headline, Kind, Row, Table
from finops.quality.models import Given, LandedTotal, Outcome, Severity, TableResult
from finops.stores.candidate import Verdict

_TEMPLATES = Path(__file__).parent / "templates"


def write(path: Path, verdict: Verdict, given: Given, results: list[TableResult]) -> None:
    """Write the page to ``path``, whole or not at all."""
    outcomes = [outcome for result in results for outcome in result.outcomes]
    broken = [outcome for outcome in outcomes if not outcome.is_met]
    text = html.render(
        html.environment(_TEMPLATES),
        "gate.html.j2",
        verdict=verdict,
        results=results,
        headline=_headline(outcomes, sum(result.row_count for result in results)),
        broken=[outcome for outcome in broken if outcome.severity is Severity.BLOCKS],
        warned=[outcome for outcome in broken if outcome.severity is Severity.WARNS],
        held_back=", ".join(f"{each.provider} {each.billing_period}" for each in verdict.refused),
        totals=_totals(given.landed),
        scope=_scope(given),
        checked_at=f"{given.now.astimezone(UTC):%Y-%m-%d %H:%M}",
    )
    write_whole(path, text)


def _headline(outcomes: Sequence[Outcome], row_count: int) -> Headline:
    broken = Counter(outcome.severity for outcome in outcomes if not outcome.is_met)
    counts = (broken[Severity.BLOCKS], broken[Severity.WARNS], row_count)
    names = ("Broken", "Warnings", "Rows checked")
    holding = f"{sum(outcome.is_met for outcome in outcomes)} of {len(outcomes)}"
    figures = (Figure(name, f"{count:,}") for name, count in zip(names, counts, strict=True))
    return Headline((Figure("Expectations that hold", holding), *figures))


def _totals(landed: Sequence[LandedTotal]) -> Table:
    """Return what the ledger holds the build to; shown in cents, compared to the last decimal."""
    rows = []
    for each in landed:
        cost, rows_landed = Cell(Kind.MONEY, each.billed_cost), Cell.quantity(each.row_count)
        rows.append(Row(each.provider, (cost, Cell.text(each.billing_currency), rows_landed), each.billing_period))
    note = "what the ledger recorded when the bills landed; every stage is held to it to the last decimal"
    headings = ("Provider and billing period", "Billed cost", "Currency", "Landed rows")
    return Table("control_totals", "Control totals", note, headings, tuple(rows))


def _scope(given: Given) -> str:
    """Say the scope in words: each provider and its months."""
    months: dict[str, list[str]] = {}
    for provider, period in sorted(given.pairs) or [("results of", period) for period in given.periods]:
        months.setdefault(provider, []).append(period)
    return "; ".join(
        f"{provider} {found[0]} to {found[-1]}" if len(found) > 1 else f"{provider} {found[0]}"
        for provider, found in months.items()
    )
