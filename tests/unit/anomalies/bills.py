"""Publishes bills that a test lists, charge by charge, as a build leaves them: daily costs, the fact and its owners."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from finops.core.settings import Settings
from finops.stores.published import FACT, OWNER_RESOURCES, OWNERS
from finops.stores.results import ResultTable
from finops.stores.state.store import begin_state

FIRST = date(2025, 3, 1)
ENDPOINT = "endpoint-1"


@dataclass(frozen=True)
class Charge:
    """One charge of a day. ``hours`` long from midnight on; ``price`` is the list price of a unit."""

    day: date
    cost: float
    provider: str = "aws"
    account: str = "100"
    service: str = "Amazon SageMaker"
    model: str = "atlas"
    cost_center: str = "cc-1"
    owner: str = "ada"
    region: str = "eu-west-1"
    resource: str = ENDPOINT
    sku: str = "sku-1"
    price: float = 2.0
    unit: str = "Requests"
    currency: str = "USD"
    category: str = "Usage"
    hours: int = 24


def steady(days: int, cost: float = 100.0, *, first: date = FIRST, **of: Any) -> list[Charge]:
    """Return a series of charges that wobbles by weekday and a little more, the same in every run."""
    made = []
    for number in range(days):
        day = first + timedelta(days=number)
        wobble = (1 if day.weekday() < 5 else 0.8) * (1 + 0.02 * math.sin(7.3 * number))
        made.append(Charge(day, round(cost * wobble, 2), **of))
    return made


def times(charges: Iterable[Charge], factor: float, first: date, last: date) -> list[Charge]:
    """Return the charges with those of some days multiplied."""
    return [replace(c, cost=round(c.cost * factor, 2)) if first <= c.day <= last else c for c in charges]


def publish(
    settings: Settings, charges: Sequence[Charge], build: str = "build-1", previous: Path | None = None
) -> Path:
    """Publish the charges as the current version. ``previous``: a version whose result tables stay."""
    begin_state(settings)
    version = settings.published_dir / "versions" / build
    frame = pd.DataFrame([asdict(each) for each in charges])
    frame["billing_period"] = [f"{each.day:%Y-%m}" for each in charges]
    frame["charge_period_start"] = [datetime.combine(c.day, time()) for c in charges]
    frame["charge_period_end"] = [datetime.combine(c.day, time()) + timedelta(hours=c.hours) for c in charges]
    partitions = {}
    with duckdb.connect() as connection:
        connection.register("charges", frame)
        for (provider, period), _ in frame.groupby(["provider", "billing_period"]):
            _write_partition(connection, version, provider, period)
            partitions[f"{provider}/{period}"] = {}
        months = sorted(frame["billing_period"].unique())
        for month in months:
            _copy(connection, version / "fct_daily_costs" / f"billing_period={month}" / "part.parquet", _DAILY, month)
        columns = [row[0] for row in connection.execute(f"describe {_DAILY}").fetchall()]
    marts = {"fct_daily_costs": {"billing_periods": {month: {} for month in months}}}
    manifest = {
        "marts": marts,
        "columns": {"fct_daily_costs": ["billing_period", *columns]},
        "billing_periods": months,
        "fact": {"partitions": partitions},
        "published_at": "2025-06-30T12:00:00+00:00",
        "previous": None,
    }
    if previous is not None:
        _carry(previous, version, manifest)
    _finish(settings, version, manifest)
    return version


_DAILY = """
    select provider, currency as billing_currency, day as charge_date, account as sub_account_id,
        'account ' || account as sub_account_name, region as region_id, service as service_name,
        category as charge_category, '(none)' as charge_class, '(none)' as commitment_discount_status, cost_center,
        '(none)' as ai_project, model as ai_model, sum(cost)::decimal(38, 12) as effective_cost
    from charges group by all
"""
_PART = """
    select hash(resource, sku, model, cost_center, owner) as x_details_id, currency as billing_currency,
        service as service_name, category as charge_category, null::varchar as charge_class, charge_period_start,
        charge_period_end, account as sub_account_id, region as region_id, resource as resource_id, sku as sku_id,
        'meter of ' || sku as sku_meter, cost::decimal(38, 12) as effective_cost, cost::decimal(38, 12) as list_cost,
        (cost / price)::decimal(38, 12) as pricing_quantity, unit as pricing_unit, null::varchar as tags,
        null::varchar as x_cost_categories
    from charges
"""
_OWNERS = """
    select distinct hash(resource, sku, model, cost_center, owner) as x_details_id, null::varchar as tags,
        null::varchar as x_cost_categories, '' as resource_rules, date '2000-01-01' as first_day,
        date '2100-01-01' as last_day, cost_center, '(none)' as ai_project, model as ai_model, owner
    from charges
"""


def _write_partition(connection: duckdb.DuckDBPyConnection, version: Path, provider: str, period: str) -> None:
    folder = version / FACT / f"provider={provider}" / f"billing_period={period}"
    where = f"provider = '{provider}' and billing_period = '{period}'"
    texts = {
        "part.parquet": _PART,
        "details.parquet": f"select distinct x_details_id from ({_PART})",
        OWNERS: _OWNERS,
        OWNER_RESOURCES: "select '' as resource_id, '' as resource_rules from charges where false",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        query = text if "where" in text else text.replace("from charges", f"from charges where {where}")
        connection.execute(f"copy ({query}) to '{folder / name}' (format parquet)")


def _copy(connection: duckdb.DuckDBPyConnection, path: Path, query: str, month: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    query = query.replace("group by all", f"where billing_period = '{month}' group by all")
    connection.execute(f"copy ({query}) to '{path}' (format parquet)")


def _carry(previous: Path, version: Path, manifest: dict[str, Any]) -> None:
    before = json.loads((previous / "manifest.json").read_text())
    for name, about in before["marts"].items():
        if name != "fct_daily_costs":
            (version / name).parent.mkdir(parents=True, exist_ok=True)
            (version / name).symlink_to((previous / name).resolve())
            manifest["marts"][name] = about
            manifest["columns"][name] = before["columns"][name]


def _finish(settings: Settings, version: Path, manifest: dict[str, Any]) -> None:
    (version / "manifest.json").write_text(json.dumps(manifest))
    link = settings.published_dir / "current"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("versions") / version.name)


def add_table(settings: Settings, table: ResultTable, by_month: dict[str, list[dict[str, Any]]]) -> None:
    """Publish rows of a declared table in the current version, every column as it is declared."""
    version = (settings.published_dir / "current").resolve()
    manifest = json.loads((version / "manifest.json").read_text())
    with duckdb.connect() as connection:
        for month, rows in by_month.items():
            columns = ", ".join(f'"{each.name}" {each.kind}' for each in table.columns)
            connection.execute(f"create or replace table made ({columns})")
            for row in rows:
                given = {"billing_period": month, **row}
                assert set(given) == {each.name for each in table.columns}
                values = [str(v) if isinstance(v, Decimal) else v for v in (given[c.name] for c in table.columns)]
                connection.execute(f"insert into made values ({', '.join('?' * len(values))})", values)
            path = version / table.name / f"billing_period={month}" / "part.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"copy (select * exclude (billing_period) from made) to '{path}' (format parquet)")
    months = manifest["marts"].get(table.name, {"billing_periods": {}})["billing_periods"]
    manifest["marts"][table.name] = {"billing_periods": {**months, **{month: {} for month in by_month}}}
    manifest["columns"][table.name] = [each.name for each in table.columns]
    (version / "manifest.json").write_text(json.dumps(manifest))
