"""What a build of one month's KPIs reads: links to what is published and to landed telemetry, targets, freshness."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from finops.core.database import scratch
from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier, join
from finops.core.telemetry import TelemetryKind
from finops.policy.kpis import KpiTargets
from finops.stores.published import FACT, OWNER_RESOURCES, OWNERS, Publication
from finops.stores.state.period_inputs import PeriodInput
from finops.stores.state.telemetry import TelemetryDelivery
from finops.transform.inputs import SCOPE_COLUMNS
from finops.transform.parquet_table import write_table

Columns = Mapping[TelemetryKind, Mapping[str, str]]
"""Per kind the columns that its landed files have now, with their types in DuckDB."""

MARTS = ("fct_daily_costs", "mart_allocated_costs", "mart_budget_use", "mart_commitments")
"""The published marts that KPIs read."""

RESULTS = {
    "mart_forecast_scores": "billing_currency varchar, run_date date, level varchar, cost_center varchar, "
    "model varchar, month_error double, covered_95 bigint, point_count bigint",
    "mart_incidents": "billing_currency varchar, detection_hours double",
    "mart_actions": "billing_currency varchar, status varchar, rollback_of varchar, hours_to_resolve double",
}
"""The published results of features that KPIs read, with the columns of a month that has none."""

KINDS = frozenset(TelemetryKind) - {TelemetryKind.ENDPOINT_TRAFFIC}
"""The kinds of telemetry that KPIs read; what else lands builds none anew."""

_REACH = {
    TelemetryKind.TRAINING_RUNS: timedelta(days=92),
    TelemetryKind.SPOT_INTERRUPTIONS: timedelta(days=92),
    TelemetryKind.CHECKPOINTS: timedelta(days=366),
    TelemetryKind.MACHINE_PRICES: timedelta(days=92),
}
"""How long before the month a row may have begun and still matter to it."""

_LATE = timedelta(days=4)
"""Of all other kinds: Google bills some use days late, in the month after."""

_TARGETS = {"int": "bigint", "Decimal": "decimal(38, 12)"}


def telemetry_of(deliveries: Iterable[TelemetryDelivery], month: BillingPeriod) -> list[TelemetryDelivery]:
    """Return the deliveries that may say something of a month; Google's ends some hours into the next, in UTC."""
    last = month.end.date()
    first = {kind: month.start.date() - _REACH.get(kind, _LATE) for kind in KINDS}
    return [each for each in deliveries if each.kind in KINDS and first[each.kind] <= each.day <= last]


def prepare(
    settings: Settings,
    version: Publication,
    month: BillingPeriod,
    telemetry: Sequence[TelemetryDelivery],
    columns: Columns,
    targets: KpiTargets,
    bills: Sequence[PeriodInput],
) -> list[tuple[str, str]]:
    """Replace ``inputs/`` with what the month's KPIs need; return its (provider, billing period) pairs.

    Raise BadInput when a landed file of telemetry is gone.
    """
    folder = settings.inputs_dir
    shutil.rmtree(folder, ignore_errors=True)
    pairs = [tuple(name.split("/")) for name in version.manifest["fact"]["partitions"] if name.endswith(f"/{month}")]
    _link_published(folder / "published", version, month, [provider for provider, _ in pairs])
    for kind in KINDS:
        _write_empty(folder / "telemetry" / f"kind={kind}" / "source=none" / "day=none", columns[kind])
    for each in telemetry:
        _link_telemetry(settings, folder / "telemetry", each)
    write_table(_made(folder / "ops") / "scope.parquet", SCOPE_COLUMNS, ((*pair, "", False) for pair in pairs))
    _write_targets(_made(folder / "kpi") / "targets.parquet", targets)
    _write_freshness(folder / "kpi" / "freshness.parquet", month, telemetry, bills)
    return [(provider, period) for provider, period in pairs]


def _link_published(folder: Path, version: Publication, month: BillingPeriod, providers: Iterable[str]) -> None:
    for provider in providers:
        leaf = Path(FACT, f"provider={provider}", f"billing_period={month}")
        for name in ("part.parquet", "details.parquet", OWNERS, OWNER_RESOURCES):
            os.link(version.path / leaf / name, _made(folder / leaf) / name)
    for mart in MARTS:
        leaf = Path(mart, f"billing_period={month}", "part.parquet")
        _made((folder / leaf).parent)
        if (version.path / leaf).exists():
            os.link(version.path / leaf, folder / leaf)
        else:
            # A month without rows may have no file.
            _write_none(
                folder / leaf, compose("select * exclude (billing_period) from ({m})", m=version.mart_sql(mart))
            )
    for table, columns in RESULTS.items():
        leaf = Path(table, f"billing_period={month}", "part.parquet")
        if (version.path / leaf).exists():
            os.link(version.path / leaf, _made((folder / leaf).parent) / leaf.name)
        else:
            write_table(_made((folder / leaf).parent) / leaf.name, columns, ())


def _link_telemetry(settings: Settings, folder: Path, delivery: TelemetryDelivery) -> None:
    landed = settings.landing_dir / delivery.relative_path
    place = folder / Path(delivery.relative_path).relative_to("telemetry")
    try:
        os.link(landed, _made(place.parent) / place.name)
    except FileNotFoundError:
        raise BadInput(f"{landed} was landed and is gone; `finops telemetry ingest` lands it again") from None


def _write_empty(folder: Path, columns: Mapping[str, str]) -> None:
    """Write a file without rows that has every column, so that a model finds those that older files lack."""
    nothing = join(", ", (compose("null::{t} as {n}", t=Sql(kind), n=identifier(n)) for n, kind in columns.items()))
    _write_none(_made(folder) / "empty.parquet", compose("select {nothing}", nothing=nothing))


def _write_none(file: Path, rows: Sql) -> None:
    """Write a file with the columns of these rows and none of them."""
    with scratch() as connection:
        connection.execute(compose("copy (from ({rows}) limit 0) to {file} (format parquet)", rows=rows, file=file))


def _write_targets(path: Path, targets: KpiTargets) -> None:
    values = targets.model_dump()
    columns = ", ".join(f"{name} {_TARGETS[type(value).__name__]}" for name, value in values.items())
    write_table(path, columns, [tuple(values.values())])


def _write_freshness(
    path: Path, month: BillingPeriod, telemetry: Iterable[TelemetryDelivery], bills: Iterable[PeriodInput]
) -> None:
    """Write the newest of each source; ``as_of`` is now, or the end of a month that is over."""
    as_of = min(datetime.now(UTC), month.end)
    rows: list[tuple[object, ...]] = [
        (str(month), "billing", bill.provider, each.source, each.produced_at or each.landed_at, each.landed_at, as_of)
        for bill in bills
        for each in bill.deliveries
    ]
    newest: dict[tuple[str, str], TelemetryDelivery] = {}
    for each in telemetry:
        if each.day >= newest.get((each.kind, each.source), each).day:
            newest[each.kind, each.source] = each
    rows += [
        (str(month), "telemetry", None, each.source, min(_end(each.day), as_of), each.landed_at, as_of)
        for each in newest.values()
    ]
    write_table(
        path,
        "billing_period varchar, feed varchar, provider varchar, source varchar, "
        "newest_data_at timestamptz, landed_at timestamptz, as_of timestamptz",
        rows,
    )


def _end(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def _made(path: Path) -> Path:
    """Return the folder, made where it is not there."""
    path.mkdir(parents=True, exist_ok=True)
    return path
