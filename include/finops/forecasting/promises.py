"""Month totals that earlier run dates published in mid-month, beside what the months cost in the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from finops.core.sql import compose
from finops.forecasting import series, totals
from finops.forecasting.models import KEY, Hierarchy
from finops.forecasting.tables import TOTALS
from finops.stores.published import Publication

if TYPE_CHECKING:
    import pandas as pd

_MONTHS = 6
"""How many months that are over count."""

_QUERY = """
    select billing_currency, level, series, first_day, mean::double as promised
    from ({rows})
    where period = {month} and day(run_date) between 11 and 21 and last_day < ?
"""


def of_months(
    version: Publication | None,
    charges: pd.DataFrame,
    tree: Hierarchy,
    leaves: pd.DataFrame,
    first_open: pd.Timestamp,
    levels: Sequence[str],
) -> pd.DataFrame | None:
    """Return billing_currency, level, series, promised and actual of months that are over; None where none are.

    Only days before ``first_open`` count as known. Series that are combined otherwise today are left out.
    """
    import duckdb
    import pandas as pd

    if version is None or TOTALS.name not in version.marts:
        return None
    months = sorted(version.months_of(TOTALS.name))
    months = [each for each in months if each < f"{first_open:%Y-%m}"][-_MONTHS:]
    if not months:
        return None
    query = compose(_QUERY, rows=version.mart_sql(TOTALS.name, months), month=totals.MONTH)
    with duckdb.connect(config={"threads": 1}) as connection:
        said = connection.execute(query, [first_open.date()]).df()
    if said.empty:
        return None
    said["month"] = pd.to_datetime(said["first_day"]).dt.strftime("%Y-%m")
    actual = _actual(charges, tree, leaves, levels)
    on = ["billing_currency", "level", "series", "month"]
    return said.merge(actual, on=on, how="inner")


def _actual(charges: pd.DataFrame, tree: Hierarchy, leaves: pd.DataFrame, levels: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    by_month = charges.groupby([*KEY, charges["charge_date"].dt.strftime("%Y-%m").rename("month")])["amount"].sum()
    wide = by_month.unstack("month").reindex(pd.MultiIndex.from_frame(leaves[list(KEY)])).fillna(0.0)
    summed = series.belonging(leaves, tree.nodes, levels) @ wide.to_numpy(float)
    names = ["billing_currency", "level", "series"]
    frame = pd.concat([tree.nodes[names], pd.DataFrame(summed, columns=list(wide.columns))], axis=1)
    return frame.melt(id_vars=names, var_name="month", value_name="actual")
