"""The figures of a review as CSV: each KPI in each period that the page draws, in exact decimals."""

from __future__ import annotations

from pathlib import Path

from finops.core.spreadsheet import cell, write_rows
from finops.review.catalogue import CATALOGUE
from finops.review.models import KpiPeriod, Review, Standing

COLUMNS = (
    *("week", "billing_currency", "kpi", "kpi_name", "grain", "period", "is_of_the_week", "standing", "value", "unit"),
    *("target", "better", "previous_value", "change", "numerator", "denominator"),
    *(f"reason_{place}_{name}" for place in (1, 2, 3) for name in ("subject", "change", "previous_value", "value")),
    "other_change",
)


def rows(review: Review) -> list[list[str]]:
    """Return a row for each KPI and period, the week's own included, and one for each KPI that is unknown."""
    found = [_row(review, period, period is kpi.now) for kpi in review.kpis for period in kpi.history]
    blank = [""] * (len(COLUMNS) - 8)
    for name in review.unknown:
        known = [str(review.week), "", name, CATALOGUE[name].name, "", str(review.week), "true", Standing.UNKNOWN.value]
        found.append([*map(cell, known), *blank])
    return found


def write(review: Review, path: Path) -> None:
    """Write the file."""
    write_rows(path, COLUMNS, rows(review))


def _row(review: Review, period: KpiPeriod, is_of_the_week: bool) -> list[str]:
    start = period.billing_period if period.grain == "month" else str(period.week_start)
    figures: list[object] = [
        *(str(review.week), period.currency, period.kpi, period.name, period.grain, start, is_of_the_week),
        *(period.standing.value, period.value, period.unit, period.target, period.better, period.previous_value),
        *(period.change, period.numerator, period.denominator),
    ]
    for place in range(3):
        each = period.reasons[place] if place < len(period.reasons) else None
        figures += [None] * 4 if each is None else [each.subject, each.change, each.previous_value, each.value]
    return [cell(each) for each in (*figures, period.other_change)]
