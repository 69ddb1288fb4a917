"""Budgets of KPIs: cost per inference, cost of a model version, utilization of GPUs, from their marts.

A KPI of a period is Σ numerator ÷ Σ denominator of its days, never a mean of quotients. What is expected of the days
to come has the numerator and denominator per day of the last 28 days; the doubt is that of weekly sums around them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from finops.budgets.evaluate import DONE, OWN
from finops.budgets.models import Evaluation
from finops.budgets.outlook import WINDOW
from finops.core.money import exact_arithmetic
from finops.core.sql import Sql, compose, identifier, join, literal
from finops.policy.budgets import Kpi, Line
from finops.policy.budgets.calendar import Span
from finops.stores.published import Publication

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SCALE = Decimal("1e-12")
_SOURCES = {
    Kpi.COST_PER_INFERENCE: (
        "mart_inference_costs",
        "select charge_date, sum(allocated_cost) as numerator, sum(requests)::decimal(38, 12) as denominator",
    ),
    # In percent; hours that nobody measured say nothing.
    Kpi.GPU_UTILIZATION: (
        "mart_gpu_utilization",
        "select charge_date, sum(used_gpu_hours) * 100 as numerator, sum(gpu_hours) as denominator",
    ),
}
Daily = dict[date, tuple[Decimal, Decimal]]


def evaluations(version: Publication, lines: Sequence[Line], run_date: date) -> list[Evaluation]:
    """Return the evaluation of each budget of a KPI, of the run date's period and the one before.

    Where nothing was measured, or KPIs are not published, its figures are None.
    """
    found: list[Evaluation] = []
    if not lines:
        return found
    with version.connect() as connection:
        for line in lines:
            spans = {line.period_of(run_date)}
            if (now := line.per.period_of(run_date, line.first)) is not None:
                spans.add(line.previous(now))
            for span in sorted(each for each in spans if each is not None):
                found.append(_evaluation(connection, version, line, span, run_date))
    return found


def _evaluation(
    connection: DuckDBPyConnection, version: Publication, line: Line, span: Span, run_date: date
) -> Evaluation:
    if line.kpi is Kpi.MODEL_VERSION_COST:
        value = _largest_version(connection, version, line, span)
        return _made(line, span, run_date, value, value, None, None)
    daily = _daily(connection, version, line, min(span.first, run_date - timedelta(days=WINDOW)), run_date)
    inside = {day: each for day, each in daily.items() if span.first <= day <= span.last}
    numerator, denominator = _sums(inside)
    value = _quotient(numerator, denominator)
    if span.last < run_date or not daily:
        return _made(line, span, run_date, value, value, None, None)
    ahead = (span.last - run_date).days + 1
    expected, spread = _expected(daily, run_date, ahead, numerator, denominator)
    return _made(line, span, run_date, value, expected, spread, _rate(daily, run_date))


def _daily(connection: DuckDBPyConnection, version: Publication, line: Line, since: date, run_date: date) -> Daily:
    mart, select = _SOURCES[line.kpi or Kpi.COST_PER_INFERENCE]
    if mart not in version.marts:
        return {}
    where = [compose("charge_date >= {since}::date and charge_date < {day}::date", since=str(since), day=str(run_date))]
    if line.kpi is Kpi.GPU_UTILIZATION:
        where.append(Sql("not is_unmeasured"))
    else:
        where.append(compose("billing_currency = {currency}", currency=line.currency))
    where.extend(_of_scope(line))
    query = compose(
        "{select} from {mart} where {w} group by charge_date",
        select=Sql(select),
        mart=identifier(mart),
        w=join(" and ", where),
    )
    return {day: (each or Decimal(0), whole or Decimal(0)) for day, each, whole in connection.execute(query).fetchall()}


def _largest_version(connection: DuckDBPyConnection, version: Publication, line: Line, span: Span) -> Decimal | None:
    mart = "mart_model_version_costs"
    if mart not in version.marts:
        return None
    where = [
        compose("billing_currency = {currency}", currency=line.currency),
        compose("billing_period between {a} and {b}", a=f"{span.first:%Y-%m}", b=f"{span.last:%Y-%m}"),
        *_of_scope(line),
    ]
    query = """
        select max(cost) from (
            select sum(effective_cost) as cost from {mart}
            where attribution = 'version' and {where} group by ai_model, model_version
        )
    """
    (found,) = connection.execute(compose(query, mart=identifier(mart), where=join(" and ", where))).fetchone() or (
        None,
    )
    return found


def _of_scope(line: Line) -> list[Sql]:
    return [
        compose("{name} in ({values})", name=identifier(name), values=join(", ", map(literal, values)))
        for name, values in line.scope
    ]


@exact_arithmetic()
def _sums(daily: Daily) -> tuple[Decimal, Decimal]:
    return (
        sum((each for each, _ in daily.values()), Decimal(0)),
        sum((each for _, each in daily.values()), Decimal(0)),
    )


@exact_arithmetic()
def _quotient(numerator: Decimal, denominator: Decimal) -> Decimal | None:
    return (numerator / denominator).quantize(_SCALE, rounding=ROUND_HALF_UP) if denominator > 0 else None


def _recent(daily: Daily, run_date: date) -> list[tuple[Decimal, Decimal]]:
    days = (run_date - timedelta(days=back) for back in range(WINDOW, 0, -1))
    return [daily.get(day, (Decimal(0), Decimal(0))) for day in days]


def _rate(daily: Daily, run_date: date) -> Decimal | None:
    return _quotient(*_sums(dict(enumerate(_recent(daily, run_date)))))  # type: ignore[arg-type]


def _expected(
    daily: Daily, run_date: date, ahead: int, numerator: Decimal, denominator: Decimal
) -> tuple[Decimal | None, float | None]:
    """Return the KPI of the whole period as it is expected, and the standard deviation of that."""
    recent = _recent(daily, run_date)
    above, below = (sum(float(pair[side]) for pair in recent) / WINDOW for side in (0, 1))
    whole = float(denominator) + below * ahead
    if below <= 0 or whole <= 0:
        return _quotient(numerator, denominator), None
    ratio = above / below
    weeks = [recent[start : start + 7] for start in range(0, WINDOW, 7)]
    off = [sum(float(n) - ratio * float(d) for n, d in week) for week in weeks]
    deviation = math.sqrt(sum(each**2 for each in off) / (len(off) - 1) * ahead / 7)
    value = (float(numerator) + above * ahead) / whole
    return Decimal(repr(value)).quantize(_SCALE, rounding=ROUND_HALF_UP), deviation / whole


def _made(
    line: Line,
    span: Span,
    run_date: date,
    value: Decimal | None,
    expected: Decimal | None,
    spread: float | None,
    rate: Decimal | None,
) -> Evaluation:
    limit = line.amount or Decimal(0)

    def bound(z: float) -> Decimal | None:
        if expected is None or spread is None:
            return expected
        return max(expected + Decimal(repr(z * spread)), Decimal(0)).quantize(_SCALE, rounding=ROUND_HALF_UP)

    return Evaluation(
        line=line,
        span=span,
        run_date=run_date,
        amount=limit,
        rolled_over=Decimal(0),
        actual=value,
        late=Decimal(0),
        forecast=expected,
        lo_80=bound(-1.2816),
        hi_80=bound(1.2816),
        lo_95=bound(-1.96),
        hi_95=bound(1.96),
        adjusted=expected,
        run_rate=rate,
        even=None,
        probability=_chance(line, limit, value, expected, spread),
        days_until_breach=None,
        method=OWN if spread is not None else DONE,
    )


def _chance(
    line: Line, limit: Decimal, value: Decimal | None, expected: Decimal | None, spread: float | None
) -> float | None:
    """Return the probability that the period ends on the wrong side of the limit."""
    if expected is None:
        return None
    is_high = line.kpi is not None and line.kpi.is_better_high
    gap = float(expected - limit) if is_high else float(limit - expected)
    if not spread:
        return float(gap < 0 if is_high else gap <= 0)
    return 0.5 * math.erfc(gap / spread / math.sqrt(2))
