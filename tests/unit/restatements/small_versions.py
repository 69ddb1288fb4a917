"""Published versions with a daily mart of a few rows, recorded as publication records them, in milliseconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import duckdb

from finops.core.atomic import replace_link
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.stores import snapshots
from finops.stores.candidate import BuiltPeriod
from finops.stores.published import open_version
from finops.stores.state.store import open_state
from finops.transform import published_snapshots

_MEASURES = ("billed_cost", "effective_cost")


class Daily(NamedTuple):
    """A daily row; what it does not have, no comparison reads."""

    provider: str
    billing_currency: str
    day: int
    sub_account_id: str
    sub_account_name: str
    service_name: str
    cost_center: str
    charge_category: str
    billed_cost: Decimal
    effective_cost: Decimal


def daily(provider: str = "aws", billed: str = "1", effective: str | None = None, **others: object) -> Daily:
    """One row, of which a test says what matters to it."""
    known: dict[str, object] = {
        "billing_currency": "USD",
        "day": 1,
        "sub_account_id": "account-1",
        "sub_account_name": "Research",
        "service_name": "Compute",
        "cost_center": "cc-1001",
        "charge_category": "Usage",
    }
    return Daily(
        provider=provider,
        billed_cost=Decimal(billed),
        effective_cost=Decimal(billed if effective is None else effective),
        **{**known, **others},  # type: ignore[arg-type]
    )


def publish(
    settings: Settings,
    period: BillingPeriod,
    build_id: str,
    moment: datetime,
    held: Sequence[Daily],
    scope: Sequence[str] | None = None,
) -> None:
    """Publish a version that holds these rows, with a snapshot of the providers in ``scope``, else all of them."""
    open_state(settings)
    version = settings.published_dir / "versions" / build_id
    version.mkdir(parents=True)
    with duckdb.connect(str(version / "finops.duckdb")) as connection:
        columns = ", ".join(f"{name} varchar" for name in Daily._fields if name not in ("day", *_MEASURES))
        measures = ", ".join(f"{name} decimal(38, 12)" for name in _MEASURES)
        connection.execute(
            f"create table fct_daily_costs (billing_period varchar, charge_date date, {columns}, {measures})"
        )
        for row in held:
            values = {**row._asdict(), "billing_period": str(period), "charge_date": f"{period}-{row.day:02d}"}
            del values["day"]
            names, marks = ", ".join(values), ", ".join("?" for _ in values)
            connection.execute(f"insert into fct_daily_costs ({names}) values ({marks})", list(values.values()))
    (version / "manifest.json").write_text(json.dumps({"published_at": moment.isoformat(), "scope": [], "marts": {}}))
    replace_link(settings.published_dir / "current", f"versions/{build_id}")
    built = [BuiltPeriod(Provider(p), period, "0" * 64) for p in scope or sorted({row.provider for row in held})]
    found = published_snapshots.keep(settings, open_version(version), built)
    with open_state(settings).begin() as state:
        for snapshot in found:
            snapshots.record(state, snapshot)
