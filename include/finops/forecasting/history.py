"""What past loads knew: rows for arrival curves, and the figures as they were known on a past run date."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier, join
from finops.forecasting.arrivals import SETTLED
from finops.forecasting.models import KEY
from finops.stores import snapshots
from finops.stores.snapshots import Snapshot
from finops.stores.state.store import open_state

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

MONTHS = 6
"""How many months back loads teach arrival curves."""
_RECENT = timedelta(days=7)
"""A load older than this on a run date does not say what was known then; the published figures are taken instead."""

CHARGE = (*KEY, "charge_date", "charge_category", "charge_class")


def charges_sql(rows: Sql) -> Sql:
    """Return the SELECT that sums daily costs by key, day, category and class. Amounts are effective cost as numbers.

    Here is where decimals become numbers: a model has no use for cents, and what is published is rounded to them again.
    """
    query = """
        select {columns}, sum(effective_cost)::double as amount
        from ({rows})
        group by all
    """
    columns = join(", ", (_typed(name) for name in CHARGE))
    return compose(query, columns=columns, rows=rows)


def _typed(name: str) -> Sql:
    template = "{name}::timestamp as {name}" if name == "charge_date" else "{name}"
    return compose(template, name=identifier(name))


def of_months(settings: Settings, months: list[BillingPeriod]) -> list[Snapshot]:
    """Return all snapshots of some months."""
    with open_state(settings).connect() as state:
        return [each for month in months for each in snapshots.of_period(state, month)]


def written(snapshot: Snapshot) -> date:
    """Return the day on which the newest of its deliveries was written by the provider, UTC."""
    moments = [each.produced_at for each in snapshot.deliveries]
    return max(moments, default=snapshot.published_at).date()


def loads(
    settings: Settings, connection: DuckDBPyConnection, known: list[Snapshot], until: date | None
) -> pd.DataFrame:
    """Return what each load said of days that were young then, and what the newest says of all of its month.

    Columns: provider, billing_currency, service_name, charge_date, as_of, amount; usage alone. ``until`` leaves out
    loads that were written later. Loads whose rows are gone teach nothing.
    """
    import pandas as pd

    found = [each for each in known if (until is None or written(each) <= until) and each.path(settings).exists()]
    by_month: dict[tuple[str, str], list[Snapshot]] = {}
    for each in found:
        by_month.setdefault((each.provider, str(each.billing_period)), []).append(each)
    parts = []
    for of_month in by_month.values():
        newest = max(of_month, key=written)
        different = {(written(each), each.sha256): each for each in of_month}
        if len(different) > 1:
            parts += [_load(settings, connection, each, each is newest) for each in different.values()]
    columns = ["provider", "billing_currency", "service_name", "charge_date", "as_of", "amount"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _load(settings: Settings, connection: DuckDBPyConnection, load: Snapshot, is_newest: bool) -> pd.DataFrame:
    import pandas as pd

    query = """
        select provider, billing_currency, service_name, charge_date::timestamp as charge_date,
            sum(effective_cost)::double as amount
        from ({rows})
        where charge_category = 'Usage' and charge_class <> 'Correction' and charge_date >= ?
        group by all
    """
    since = written(load) - timedelta(days=62 if is_newest else SETTLED)
    asked = compose(query, rows=snapshots.daily_sql(settings, [load]))
    return connection.execute(asked, [since]).df().assign(as_of=pd.Timestamp(written(load)))


def known_on(settings: Settings, known: list[Snapshot], run_date: date) -> dict[tuple[str, str], Snapshot]:
    """Return per provider and month (YYYY-MM) the load that was the newest on a past run date.

    Months whose newest load was a week old then, or that have none of before, are left out: their figures are those
    that are published today.
    """
    newest: dict[tuple[str, str], Snapshot] = {}
    latest: dict[tuple[str, str], Snapshot] = {}
    for each in sorted(known, key=written):
        pair = (str(each.provider), str(each.billing_period))
        latest[pair] = each
        if run_date - _RECENT <= written(each) <= run_date and each.path(settings).exists():
            newest[pair] = each
    return {pair: each for pair, each in newest.items() if each.sha256 != latest[pair].sha256}
