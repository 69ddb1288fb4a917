"""A published version of daily costs that a test lists, and the budgets that are held against it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from finops.core.settings import Settings
from finops.policy.budgets.models import COST_DIMENSIONS

DEFAULTS = {
    "provider": "aws",
    "billing_currency": "USD",
    "cost_center": "cc-1",
    "ai_project": "atlas",
    "ai_model": "atlas-7b",
    "ai_stage": "training",
    "charge_category": "Usage",
    "service_name": "EC2",
}
_NAMES = ("billing_currency", *COST_DIMENSIONS)

Charge = dict[str, Any]


def charges(first: str, days: int, amount: str | float, **dimensions: str) -> Iterator[Charge]:
    """Yield the same charge on each of some days."""
    for number in range(days):
        yield charge(str(date.fromisoformat(first) + timedelta(days=number)), amount, **dimensions)


def charge(day: str, amount: str | float, **dimensions: str) -> Charge:
    """Return a charge of a day."""
    return {**DEFAULTS, **dimensions, "charge_date": day, "effective_cost": str(amount)}


def settings(folder: Path, budgets: str = "") -> Settings:
    """Return settings whose configuration is ``budgets.yml`` alone."""
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config" / "budgets.yml").write_text(budgets, encoding="utf-8")
    return Settings(home=folder / "home", config_dir=folder / "config")


def publish(
    where: Settings, rows: Iterable[Charge], build_id: str = "build-1", **marts: tuple[str, list[tuple[Any, ...]]]
) -> None:
    """Publish daily costs, filed by the month of the day, and further marts: (columns with types, rows)."""
    version = where.published_dir / "versions" / build_id
    columns = ", ".join(f"{name} varchar" for name in _NAMES)
    table = f"billing_period varchar, charge_date date, {columns}, effective_cost decimal(38, 12)"
    listed = [
        (each["charge_date"][:7], each["charge_date"], *(each.get(n, "(none)") for n in _NAMES), each["effective_cost"])
        for each in rows
    ]
    given = {"fct_daily_costs": (table, listed), **marts}
    manifest: dict[str, Any] = {"build_id": build_id, "marts": {}, "columns": {}, "fact": {"partitions": []}}
    for name, (kinds, content) in given.items():
        manifest["marts"][name], manifest["columns"][name] = _write(version / name, kinds, content)
    manifest["billing_periods"] = manifest["marts"]["fct_daily_costs"]["billing_periods"]
    (version / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    link = where.published_dir / "current"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("versions") / build_id)


def _write(folder: Path, kinds: str, rows: list[tuple[Any, ...]]) -> tuple[dict[str, list[str]], list[str]]:
    with duckdb.connect() as connection:
        connection.execute(f"create table rows ({kinds})")
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"insert into rows values ({marks})", rows)
        names = [each[0] for each in connection.execute("describe rows").fetchall()]
        months = [m for (m,) in connection.execute("select distinct billing_period from rows order by 1").fetchall()]
        for month in months:
            part = folder / f"billing_period={month}"
            part.mkdir(parents=True)
            kept = ", ".join(each for each in names if each != "billing_period")
            query = f"select {kept} from rows where billing_period = '{month}'"
            connection.execute(f"copy ({query}) to '{part / 'part.parquet'}'")
    return {"billing_periods": months}, names


def money(text: str) -> Decimal:
    """Return an amount."""
    return Decimal(text)
