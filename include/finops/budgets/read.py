"""What budgets have cost: one pass over the daily costs for all scopes, by day for forecasts, exact by period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.budgets.models import Task
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier, join
from finops.policy.budgets import Line
from finops.stores.published import Publication

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection

_ALWAYS = ("provider", "service_name")
"""Dimensions by which late charges are estimated."""


@dataclass(frozen=True, slots=True)
class Charges:
    """Cost per budget and day. Matrices are ``[budget, day]``, from ``since`` to the day before the run date.

    ``usage`` holds charges of use, with what is still to arrive of recent days; ``calendar`` those that are billed by
    date (tax, credits, purchases). ``late`` and ``late_spread`` are what is still to arrive and its standard deviation.
    ``exact`` has per task what was charged, to the last decimal; ``others`` per budget the currencies that its scope
    has besides its own, and that it does not count.
    """

    since: date
    usage: np.ndarray
    calendar: np.ndarray
    late: np.ndarray
    late_spread: np.ndarray
    exact: Sequence[Decimal]
    others: dict[int, tuple[str, ...]]


def run_date_of(connection: DuckDBPyConnection) -> date | None:
    """Return the day after the last day of which use is billed; None where nothing is."""
    query = "select max(charge_date) from fct_daily_costs where charge_category = 'Usage'"
    (found,) = connection.execute(query).fetchone() or (None,)
    return None if found is None else found + timedelta(days=1)


def charges(
    settings: Settings, version: Publication, lines: Sequence[Line], tasks: Sequence[Task], since: date, run_date: date
) -> Charges:
    """Return what the budgets have cost on the days from ``since`` to before the run date. Lines are of costs."""
    from finops.budgets import allocated

    days = max((run_date - since).days, 1)
    with version.connect() as connection:
        connection.execute(compose("set memory_limit = {limit}", limit=settings.memory_limit))
        connection.execute(f"set threads = {settings.threads}")
        _daily(connection, version, lines, since, run_date)
        others = _of_scopes(connection, lines)
        shape = (len(lines), days)
        usage, calendar, late, spread = _matrices(connection, shape, since)
        exact = _exact(connection, tasks, run_date)
        shared = allocated.read(connection, version, lines, since)
    allocated.add_to_days(lines, shared, usage, since)
    exact = allocated.amounts(tasks, shared, exact, run_date)
    return Charges(since, usage + late, calendar, late, spread, exact, others)


def _daily(
    connection: DuckDBPyConnection, version: Publication, lines: Sequence[Line], since: date, run_date: date
) -> None:
    """Create ``daily``: cost by day, currency and every dimension that a scope names."""
    named = {name for line in lines for name, _ in line.scope}
    dimensions = join(", ", map(identifier, sorted({*named, *_ALWAYS})))
    query = """
        create temp table daily as
        select billing_currency, charge_date, {dimensions},
            sum(effective_cost) as amount,
            coalesce(sum(effective_cost) filter (where charge_category = 'Usage'), 0)::double as usage,
            0::double as late, 0::double as late_spread
        from fct_daily_costs
        where billing_period >= {month} and charge_date >= {since}::date and charge_date < {run_date}::date
        group by all
    """
    span = {"month": f"{since:%Y-%m}", "since": str(since), "run_date": str(run_date)}
    connection.execute(compose(query, dimensions=dimensions, **span))
    if "mart_nowcasts" in version.marts:
        late = """
            insert into daily by name
            with recent as (
                select billing_currency, {dimensions}, sum(usage) as usage
                from daily where charge_date >= {run_date}::date - 35 and usage > 0 group by all
            ),
            of_service as (
                select billing_currency, provider, service_name, sum(usage) as usage from recent group by all
            )
            select recent.billing_currency, n.charge_date, {of_recent}, 0 as amount, 0 as usage,
                (n.estimated_cost - n.seen_cost)::double * recent.usage / of_service.usage as late,
                ((n.hi_95 - n.lo_95)::double / 3.92) * recent.usage / of_service.usage as late_spread
            from mart_nowcasts as n
            inner join of_service using (billing_currency, provider, service_name)
            inner join recent using (billing_currency, provider, service_name)
            where n.run_date = {run_date}::date and n.charge_date >= {since}::date and n.charge_date < {run_date}::date
        """
        of_recent = join(", ", (Sql(f"recent.{identifier(name)}") for name in sorted({*named, *_ALWAYS})))
        connection.execute(compose(late, dimensions=dimensions, of_recent=of_recent, **span))


def _of_scopes(connection: DuckDBPyConnection, lines: Sequence[Line]) -> dict[int, tuple[str, ...]]:
    """Create ``line_days``: cost by budget and day, in its currency; return the other currencies of each scope."""
    import pyarrow as pa

    parts, foreign = [], []
    for number, (names, rows) in enumerate(sorted(_signatures(lines).items())):
        table = pa.table(dict(zip(("line", "currency", *names), map(list, zip(*rows, strict=True)), strict=True)))
        connection.register(f"scope_{number}", table)
        on = join("", (compose(" and s.{name} = d.{name}", name=identifier(name)) for name in names))
        joined = Sql(f"from daily as d inner join scope_{number} as s on true{on}")
        columns = "select s.line, d.charge_date, d.amount, d.usage, d.late, d.late_spread"
        parts.append(Sql(f"{columns} {joined} and s.currency = d.billing_currency"))
        foreign.append(Sql(f"select distinct s.line, d.billing_currency {joined} and s.currency <> d.billing_currency"))
    empty = Sql(
        "select 0 as line, current_date as charge_date, 0 as amount, 0 as usage, 0 as late, 0 as late_spread limit 0"
    )
    query = """
        create temp table line_days as
        select line, charge_date, cast(sum(amount) as decimal(38, 12)) as amount, sum(usage)::double as usage,
            sum(late)::double as late, sum(late_spread)::double as late_spread
        from ({parts}) group by line, charge_date
    """
    connection.execute(compose(query, parts=join(" union all ", parts or [empty])))
    found: dict[int, list[str]] = {}
    if foreign:
        rows = connection.execute(compose("{parts} order by all", parts=join(" union all ", foreign))).fetchall()
        for line, currency in rows:
            found.setdefault(line, []).append(currency)
    return {line: tuple(each) for line, each in found.items()}


def _signatures(lines: Sequence[Line]) -> dict[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return the rows of scopes by the dimensions that they name: (number of the budget, currency, a value of each)."""
    from itertools import product

    found: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for number, line in enumerate(lines):
        names = tuple(name for name, _ in line.scope)
        rows = found.setdefault(names, [])
        rows.extend((number, line.currency, *values) for values in product(*(values for _, values in line.scope)))
    return found


def _matrices(connection: DuckDBPyConnection, shape: tuple[int, int], since: date) -> tuple[np.ndarray, ...]:
    import numpy as np

    query = """
        select line, charge_date - {since}::date as day, usage, amount::double - usage as calendar, late, late_spread
        from line_days
    """
    found = connection.execute(compose(query, since=str(since))).fetchnumpy()
    at = (np.asarray(found["line"], dtype=np.int64), np.asarray(found["day"], dtype=np.int64))
    made = []
    for name in ("usage", "calendar", "late", "late_spread"):
        matrix = np.zeros(shape)
        matrix[at] = np.asarray(found[name], dtype=float)
        made.append(matrix)
    return tuple(made)


def _exact(connection: DuckDBPyConnection, tasks: Sequence[Task], run_date: date) -> list[Decimal]:
    import pyarrow as pa

    if not tasks:
        return []
    spans = {
        "task": list(range(len(tasks))),
        "line": [each.row for each in tasks],
        "first": [each.span.first for each in tasks],
        "last": [each.span.last for each in tasks],
    }
    connection.register("tasks", pa.table(spans))
    query = """
        select task, sum(amount) as amount from tasks inner join line_days using (line)
        where charge_date between first and last and charge_date < {run_date}::date group by task
    """
    found = dict(connection.execute(compose(query, run_date=str(run_date))).fetchall())
    return [found.get(number, Decimal(0)) for number in range(len(tasks))]
