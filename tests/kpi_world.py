"""A published home with its planted truths, and what a KPI must be by plain arithmetic over fact and telemetry.

Nothing here reads a model of the KPI layer: costs are those of the published FOCUS fact, windows and counts are those
of the files that `finops sample` wrote. Shares are fractions, so that only the marts round.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.stores import published
from tests.kpi_rows import Checkpoint, Line, Run, Truth

COSTS = ("billed_cost", "effective_cost", "list_cost")
HOUR = timedelta(hours=1)
LATE = timedelta(days=4)
"""How long before a month telemetry is read for it, since Google bills some use late."""
NANO = Decimal("1e-9")
"""More than what marts cut: each share of a charge after its twelfth decimal, at most a thousand charges a row."""

_LINES = f"""
    select provider, billing_period as period, billing_currency as currency, resource_id, charge_period_start as start,
        charge_period_end as until, coalesce(sku_meter, '') as meter, coalesce(x_instance_type, '') as machine,
        pricing_unit as unit, pricing_quantity as quantity, region_id as region,
        availability_zone as zone, {", ".join(COSTS)},
        coalesce(pricing_category = 'Dynamic', false) as is_spot, pricing_category = 'Standard' as is_on_demand,
        service_category = 'Storage' as is_of_storage
    from fact where resource_id is not null and charge_category = 'Usage'
"""
_RUNS = """
    select provider, run_id, stage, resource_id, model, model_version as version, gpu_count::int as gpus,
        started_at::timestamp as start, ended_at::timestamp as until, epochs
    from training_runs
"""


class World:
    """The fact and the marts as their readers find them, beside the sample's files."""

    def __init__(self, settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
        self.settings, self.connection = settings, connection
        sample = settings.root / "sample" / "telemetry"
        connection.execute(f"create view fact as {published.latest(settings).focus_sql()}")
        for kind in TelemetryKind:
            files = sample / kind / "*.parquet"
            if not files.parent.exists():
                continue
            connection.execute(f"create view {kind} as from read_parquet('{files}', filename = true)")
        self._truths = json.loads((sample / "truths.json").read_text(encoding="utf-8"))

    def truths(self, name: str, place: Place) -> list[Truth]:
        """Return what is planted under a name; there must be something."""
        key = (name, *place)
        found = [each for each in self._truths if (each["name"], each["provider"], each["billing_period"]) == key]
        assert found, f"nothing is planted: {key}"
        return [Truth(each["keys"], each["known"]) for each in found]

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.connection.execute(sql, values).fetchall()

    def rows(self, mart: str, place: Place, **keys: Any) -> list[dict[str, Any]]:
        """Return a mart's rows of a cloud's month that have these keys."""
        wanted = {"provider": place[0], "billing_period": place[1], **keys}
        where = " and ".join(f"{name} is not distinct from ?" for name in wanted)
        cursor = self.connection.execute(f"select * from {mart} where {where}", list(wanted.values()))
        names = [each[0] for each in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, mart: str, place: Place, **keys: Any) -> dict[str, Any]:
        """Return the only such row."""
        found = self.rows(mart, place, **keys)
        assert len(found) == 1, f"{mart} has {len(found)} rows of {place} {keys}"
        return found[0]

    @cached_property
    def _lines(self) -> dict[tuple[str, str, str], list[Line]]:
        lines: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
        for row in self.connection.execute(_LINES).fetchall():
            line = Line(*row)
            lines[line.provider, line.period, line.resource_id].append(line)
        return lines

    def lines(self, place: Place, resource_id: str) -> list[Line]:
        """Return a resource's lines of usage in a cloud's bill of a month; none where it is not billed."""
        return self._lines.get((*place, resource_id), [])

    def all_lines(self, place: Place) -> Iterator[Line]:
        """Yield the lines of usage of all resources in a cloud's bill of a month."""
        for (provider, period, _), lines in self._lines.items():
            if (provider, period) == place:
                yield from lines

    @cached_property
    def runs(self) -> dict[tuple[str, str], list[Run]]:
        """All runs, by cloud and resource."""
        runs: dict[tuple[str, str], list[Run]] = defaultdict(list)
        for row in self.connection.execute(_RUNS).fetchall():
            run = Run(*row)
            runs[run.provider, run.resource_id].append(run)
        return runs

    def shares(self, place: Place, resource_id: str) -> Iterator[tuple[Line, Run, Fraction, Fraction]]:
        """Yield each line of a resource with each run that used it: its part of the cost, and its hours."""
        runs = self.runs[place[0], resource_id]
        lines = self.lines(place, resource_id)
        last = max((line.until for line in lines), default=None)
        for period in sorted({(line.start, line.until) for line in lines}):
            together = [line for line in lines if (line.start, line.until) == period]
            used = _shared_hours(runs, *period, last)
            length = Fraction((period[1] - period[0]) / HOUR)
            ran = min(_machine_hours(together, max((run.gpus for run in runs), default=0)) or length, length)
            for index, hours in used.items():
                for line in together:
                    yield line, runs[index], hours / max(ran, sum(used.values())), hours

    def spot_parts(self, place: Place, job: str) -> list[tuple[Line, Fraction, Fraction]]:
        """Return the lines of a job's spot machines with its part of each, and the hours that it used of it."""
        resources = [name for (provider, name), runs in self.runs.items() if any(run.run_id == job for run in runs)]
        return [
            (line, share, hours)
            for resource in resources
            for line, run, share, hours in self.shares(place, resource)
            if run.run_id == job and line.is_spot
        ]

    def on_demand_cost(self, place: Place, spot: Line) -> Fraction | None:
        """Return what a spot line would have cost on demand at list price; of the line itself only AWS says it."""
        if spot.provider == "aws":
            return Fraction(spot.list_cost)
        key = (spot.currency, spot.region, spot.unit, re.sub(r"Spot Preemptible | Spot", "", spot.meter))
        alike = [
            line
            for line in self.all_lines(place)
            if (line.currency, line.region, line.unit, line.meter) == key and line.is_on_demand and line.quantity > 0
        ]
        if not alike:
            return None
        return Fraction(total(alike, "list_cost")) / Fraction(total(alike, "quantity")) * Fraction(spot.quantity)

    def sent(self, place: Place, resource_id: str, start: datetime, until: datetime) -> tuple[Decimal, Decimal]:
        """Return cost and GB of a transfer between two moments: of each line the part of its bytes that flowed then."""
        cost, gigabytes = Fraction(), Fraction()
        for line in self.lines(place, resource_id):
            if line.unit not in ("GB", "GiB"):
                continue
            [(mine, everything)] = self.ask(
                "select coalesce(sum(bytes) filter (bucket_start::timestamp >= ? and bucket_start::timestamp < ?), 0), "
                "sum(bytes) from network_flows where resource_id = ? and bucket_start::timestamp >= ? "
                "and bucket_start::timestamp < ?",
                *(start, until, resource_id, line.start, line.until),
            )
            cost += Fraction(line.billed_cost) * Fraction(int(mine), int(everything))
            gigabytes += Fraction(line.quantity) * Fraction(int(mine), int(everything))
        return decimal(cost), decimal(gigabytes)

    def checkpoints(self, place: Place, bucket: str) -> list[Checkpoint]:
        """Return the checkpoints below an address that are there when a month (UTC) ends, of the cloud's runs."""
        start, end = month_of(place)
        as_of = BillingPeriod.parse(place[1]).end.replace(tzinfo=None)
        rows = self.ask(
            "select run_id, (select any_value(model) from training_runs r where r.run_id = c.run_id), size_bytes, "
            "created_at::timestamp, last_read_at is null, parse_filename(filename) from checkpoints c "
            "where uri like ? || '%' and run_id like ? || '-%' and created_at::timestamp < ?",
            *(bucket, place[0], as_of),
        )
        return [
            Checkpoint(
                run,
                model,
                size,
                unread,
                file,
                Fraction(size, 2**30) * Fraction((as_of - max(at, start)) / (end - start)),
            )
            for run, model, size, at, unread, file in rows
        ]


Place = tuple[str, str]
"""A cloud and a month."""


def month_of(place: Place) -> tuple[datetime, datetime]:
    """Return when a cloud's month begins and ends, in UTC; Google's does in California."""
    period = BillingPeriod.parse(place[1])
    zone = ZoneInfo("America/Los_Angeles") if place[0] == "gcp" else UTC
    start, end = (each.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None) for each in (period.start, period.end))
    return start, end


def decimal(value: Fraction) -> Decimal:
    """Return a fraction with fifteen decimals, more than marts have."""
    return Decimal(round(value * 10**15)).scaleb(-15)


def total(lines: list[Line], name: str = "effective_cost") -> Decimal:
    """Add up a cost or the quantity of lines."""
    return sum((getattr(line, name) for line in lines), Decimal())


def billed_hours(lines: list[Line]) -> Decimal:
    """Return the hours of the periods that lines charge."""
    return sum(
        (Decimal((until - start) // HOUR) for start, until in {(each.start, each.until) for each in lines}), Decimal()
    )


def gpu_hours(lines: list[Line], gpus: int) -> Decimal:
    """Return the GPU hours of a machine's lines; Google meters GPUs, the others machines."""
    if lines[0].provider == "gcp":
        return total([line for line in lines if "Nvidia" in line.meter], "quantity")
    return total([line for line in lines if line.unit == "Hours"], "quantity") * gpus


def _shared_hours(runs: list[Run], start: datetime, until: datetime, last: datetime | None) -> dict[int, Fraction]:
    """Return the hours of each run (by its index) between two moments; where several run, each has an equal part."""
    windows = [(max(run.start, start), min(run.until or last or until, until)) for run in runs]
    edges = sorted({edge for begin, end in windows if begin < end for edge in (begin, end)})
    hours: dict[int, Fraction] = defaultdict(Fraction)
    for begin, end in pairwise(edges):
        active = [index for index, window in enumerate(windows) if window[0] <= begin and window[1] >= end]
        for index in active:
            hours[index] += Fraction((end - begin) // timedelta(seconds=1), 3600 * len(active))
    return hours


def _machine_hours(lines: list[Line], gpus: int) -> Fraction | None:
    """Return how long the machine ran, as the bill meters it; Google meters GPUs and cores, not machines."""
    timed = [line for line in lines if line.unit == "Hours" and line.machine and "Ram" not in line.meter]
    if lines[0].provider == "gcp":
        of_gpus = [line for line in timed if "Nvidia" in line.meter]
        timed = of_gpus or timed
        cores = lines[0].machine.rsplit("-", 1)[-1]
        # The name of a machine such as a2-highgpu-1g does not say how many cores it has.
        units = gpus if of_gpus else int(cores) if cores.isdigit() else 0
    else:
        units = 1
    return Fraction(total(timed, "quantity")) / units if timed and units else None
