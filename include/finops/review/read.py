"""Reads a week's KPIs from the published marts, and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from finops.core.dimensions import ABSENT
from finops.core.errors import BadInput, NotReady
from finops.core.settings import Settings
from finops.core.sql import compose, identifier, join
from finops.review.catalogue import CATALOGUE
from finops.review.models import MONTH, WEEK, Feed, Kpi, KpiPeriod, Reason, Review
from finops.stores import published

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MART = "mart_kpi_reasons"
PERIODS = 12
"""How many weeks, or months, a chart shows."""

_STOPPED = timedelta(days=14)
"""A provider without any use for so long before the week is not waited for."""

_COLUMNS = (
    *("billing_period", "billing_currency", "kpi", "kpi_name", "unit", "better", "grain", "week_start"),
    *("numerator", "denominator", "value", "previous_value", "change", "target", "is_met", "other_change"),
)
_REASONS = tuple(
    f"reason_{place}_{name}" for place in (1, 2, 3) for name in ("subject", "change", "previous_value", "value")
)


def review(settings: Settings, week: date | None = None) -> Review:
    """Return the review of the week that begins on a Monday, or of the last whole week that has KPIs.

    Raise NotReady before any KPIs are published, BadInput for a day that is no Monday or a week without KPIs.
    """
    if week is not None and week.weekday() != 0:
        monday = week - timedelta(days=week.weekday())
        raise BadInput(f"{week} is a {week:%A}; a week begins on a Monday, so say --week {monday}")
    version = published.latest(settings)
    if MART not in version.marts:
        raise NotReady("no KPIs are published yet; run `finops kpis build` first")
    with version.connect() as connection:
        feeds = _feeds(connection)
        found = week or _last_whole_week(connection, feeds)
        periods = _periods(connection, found)
    if not any(_is_of(each, found) for each in periods):
        raise BadInput(f"no KPIs are published of the week of {found}; `finops kpis status` shows the months that have")
    at = datetime.fromisoformat(version.manifest["published_at"]).astimezone(UTC)
    currencies = tuple(
        (currency, _kpis([each for each in periods if each.currency == currency], found))
        for currency in sorted({each.currency for each in periods}, key=lambda each: (each == ABSENT, each))
    )
    known = {kpi.about.kpi for _, kpis in currencies for kpi in kpis}
    unknown = tuple(each for each in CATALOGUE if each not in known)
    return Review(found, version.build_id, at, currencies, unknown, _behind(feeds, found))


def _feeds(connection: DuckDBPyConnection) -> list[Feed]:
    query = (
        "select provider, max(charge_date) from fct_daily_costs where charge_category = 'Usage' "
        "group by provider order by provider"
    )
    return [Feed(*row) for row in connection.execute(query).fetchall()]


def _last_whole_week(connection: DuckDBPyConnection, feeds: list[Feed]) -> date:
    """Return the newest week with KPIs that is over by what any provider has billed; else the newest with KPIs."""
    newest = max((each.newest_day for each in feeds), default=date.min)
    query = "select distinct week_start from {mart} where grain = {week} order by 1 desc"
    rows = connection.execute(compose(query, mart=identifier(MART), week=WEEK)).fetchall()
    weeks = [week for (week,) in rows]
    if not weeks:
        raise NotReady("no KPIs by week are published yet; run `finops kpis build` first")
    return next((week for week in weeks if week + timedelta(days=6) <= newest), weeks[0])


def _behind(feeds: list[Feed], week: date) -> tuple[Feed, ...]:
    last = week + timedelta(days=6)
    return tuple(each for each in feeds if week - _STOPPED <= each.newest_day < last)


def _periods(connection: DuckDBPyConnection, week: date) -> list[KpiPeriod]:
    """Return the rows of the week and of those before it, and of its month and those before, in order."""
    sunday = week + timedelta(days=6)
    first_month = f"{sunday.year - 1}-{sunday.month:02}"
    query = """
        select {columns} from {mart}
        where grain = {week} and week_start between ? and ?
            or grain = {month} and billing_period > ? and billing_period <= ?
        order by billing_currency, kpi, week_start
    """
    columns = join(", ", map(identifier, (*_COLUMNS, *_REASONS)))
    weeks = [week - timedelta(weeks=PERIODS - 1), week]
    asked = compose(query, columns=columns, mart=identifier(MART), week=WEEK, month=MONTH)
    rows = connection.execute(asked, [*weeks, first_month, f"{sunday:%Y-%m}"]).fetchall()
    return [_period(dict(zip((*_COLUMNS, *_REASONS), row, strict=True))) for row in rows]


def _period(row: dict[str, Any]) -> KpiPeriod:
    reasons = tuple(
        Reason(*(row[f"reason_{place}_{name}"] for name in ("subject", "change", "previous_value", "value")))
        for place in (1, 2, 3)
        if row[f"reason_{place}_subject"] is not None
    )
    renamed = {"billing_currency": "currency", "kpi_name": "name"}
    return KpiPeriod(**{renamed.get(each, each): row[each] for each in _COLUMNS}, reasons=reasons)


def _kpis(periods: list[KpiPeriod], week: date) -> tuple[Kpi, ...]:
    """Return a currency's KPIs in the order of the catalogue, those that it does not know last."""
    by_kpi: dict[str, list[KpiPeriod]] = {}
    for each in periods:
        by_kpi.setdefault(each.kpi, []).append(each)
    order = {name: place for place, name in enumerate(CATALOGUE)}
    return tuple(
        Kpi(next((each for each in found if _is_of(each, week)), None), tuple(found))
        for _, found in sorted(by_kpi.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))
    )


def _is_of(period: KpiPeriod, week: date) -> bool:
    if period.grain == WEEK:
        return period.week_start == week
    return period.billing_period == f"{week + timedelta(days=6):%Y-%m}"
