"""The law of cost per model version, for any overlap of what runs: versions + idle + unattributed = the bill."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model_sql import model_sql

START = datetime.fromisoformat("2025-01-01")
HOUR = timedelta(hours=1)
UNIT = Decimal("1e-12")
RESOURCES = ("machine", "endpoint", "nobody's")
MODELS = (
    *(
        "usage_claims",
        "usage_costs",
        "kpi_months",
        "training_runs",
        "run_checkpoints",
        "resource_hours",
        "endpoint_requests",
    ),
    *("unattributed_costs", "mart_training_run_costs", "mart_model_version_costs"),
)
"""From charges and telemetry to the mart, each a view on those before it."""

COSTS = ("billed_cost", "effective_cost", "list_cost")


@dataclass(frozen=True)
class Charge:
    """A charge of a resource, with three costs that have nothing to do with each other."""

    resource_id: str
    charge_start: datetime
    charge_end: datetime
    tagged: str
    token_direction: str | None
    metered_hours: Decimal | None
    billed_cost: Decimal
    effective_cost: Decimal
    list_cost: Decimal


@dataclass(frozen=True)
class Run:
    """A training run; without an end it goes on until the newest charge of its resource."""

    run_id: str
    resource_id: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Count:
    """What a version of the endpoint answered in an hour."""

    hour: datetime
    version: str
    requests: int
    tokens: int | None


amounts = st.one_of(
    st.integers(-(10**17), 10**17).map(lambda units: units * UNIT),
    st.integers(-9, 9).map(lambda units: units * UNIT),
    st.integers(0, 30).map(Decimal),
)
# Six hours, so that much overlaps.
minutes = st.integers(0, 6 * 60 - 1).map(lambda each: START + timedelta(minutes=each))
lengths = st.sampled_from((1, 15, 60, 6 * 60)) | st.integers(1, 300)


@st.composite
def charges(draw: st.DrawFn) -> Charge:
    """Draw an hour's charge, a day's, or one of some minutes that keep to no hour."""
    kind = draw(st.sampled_from(("hour", "day", "odd")))
    start, length = draw(minutes), HOUR
    if kind == "hour":
        start = start.replace(minute=0)
    elif kind == "day":
        start, length = START, 24 * HOUR
    else:
        length = timedelta(minutes=draw(st.integers(1, 90)))
    hours = st.none() | st.integers(0, 30).map(Decimal) | st.integers(0, 10**12).map(lambda units: units * UNIT)
    return Charge(
        draw(st.sampled_from((*RESOURCES[:2], *RESOURCES))),
        start,
        start + length,
        draw(st.sampled_from(("atlas", "(none)"))),
        draw(st.sampled_from((None, None, None, "in"))),
        draw(hours),
        *(draw(amounts) for _ in COSTS),
    )


@st.composite
def runs(draw: st.DrawFn) -> list[Run]:
    """Draw runs that overlap as they like, some of no length, some without an end."""
    found = []
    for number in range(draw(st.integers(0, 6))):
        start = draw(minutes)
        end = None if draw(st.integers(0, 4)) == 0 else start + timedelta(minutes=draw(lengths | st.just(0)))
        found.append(
            Run(f"run-{number}", draw(st.sampled_from((*RESOURCES[:2], *RESOURCES[:2], "unbilled"))), start, end)
        )
    return found


counts = st.lists(
    st.builds(
        Count,
        minutes.map(lambda each: each.replace(minute=0)),
        st.sampled_from(("1.0", "1.1", "2.0")),
        st.integers(0, 7),
        st.none() | st.integers(0, 10**6),
    ),
    max_size=8,
    unique_by=lambda each: (each.hour, each.version),
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as opened:
        money = ", ".join(f"{name} decimal(38, 12)" for name in COSTS)
        opened.execute(f"""
            create table lines (resource_id varchar, charge_start timestamp, charge_end timestamp, ai_model varchar,
                token_direction varchar, metered_hours decimal(38, 12), {money});
            create view kpi_charges as select 'aws' as provider, '2025-01' as billing_period,
                'USD' as billing_currency, cast(charge_start as date) as charge_date, 'cc-1' as cost_center,
                'robots' as ai_project, 'training' as ai_stage, 'prod' as environment, 1 as units_per_machine,
                null::integer as gpus_metered, false as is_gpu, * from lines;
            create table stg_telemetry_resource_metrics (provider varchar, resource_id varchar, metric varchar);
            create view kpi_details as select 'aws' as provider, '2025-01' as billing_period;
            create view kpi_targets as select 50000::decimal(38, 12) as model_version_cost;
            create table stg_telemetry_training_runs (run_id varchar, resource_id varchar, started_at timestamp,
                ended_at timestamp, provider varchar default 'aws', model varchar default 'atlas',
                model_version varchar default '1.1', stage varchar default 'training', experiment varchar,
                pipeline varchar, status varchar default 'finished', gpu_count decimal(18, 6) default 1,
                epochs decimal(18, 6));
            create table stg_telemetry_checkpoints (run_id varchar, created_at timestamp);
            create table stg_telemetry_inference_counts (bucket_start timestamp, model_version varchar,
                requests bigint, tokens_in bigint, provider varchar default 'aws',
                endpoint_id varchar default 'endpoint', model varchar default 'atlas',
                stage varchar default 'production', successes bigint default 0, tokens_out bigint);
            create view stg_published_daily_costs as select billing_period, provider, billing_currency, ai_model,
                billed_cost, effective_cost, list_cost from kpi_charges;
        """)
        for name in MODELS:
            opened.execute(f"create view {name} as {model_sql(name)}")
        yield opened


def fill(
    connection: duckdb.DuckDBPyConnection, lines: Sequence[Charge], used: Sequence[Run], asked: Sequence[Count]
) -> None:
    """Put what was drawn where the models read it."""
    columns = {
        "lines": "",
        "stg_telemetry_training_runs": "(run_id, resource_id, started_at, ended_at)",
        "stg_telemetry_inference_counts": "(bucket_start, model_version, requests, tokens_in)",
    }
    for (table, names), rows in zip(columns.items(), (lines, used, asked), strict=True):
        connection.execute(f"delete from {table}")
        for row in map(astuple, rows):
            values = ", ".join("?" for _ in row)
            connection.execute(f"insert into {table} {names} values ({values})", row)


def sums(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[Decimal, ...]:
    found = ", ".join(f"coalesce(sum({name}), 0)" for name in COSTS)
    return connection.execute(f"select {found} from {table}").fetchone()


@settings(max_examples=50, deadline=None)
@given(lines=st.lists(charges(), min_size=1, max_size=6), used=runs(), asked=counts)
def test_versions_idle_and_unattributed_cost_are_the_bill(connection, lines, used, asked):
    fill(connection, lines, used, asked)

    expected = tuple(sum((getattr(line, name) for line in lines), Decimal(0)) for name in COSTS)
    assert sums(connection, "mart_model_version_costs") == expected


@settings(max_examples=50, deadline=None)
@given(lines=st.lists(charges(), min_size=1, max_size=6), used=runs(), asked=counts)
def test_what_telemetry_speaks_of_is_used_or_idle_to_the_last_decimal(connection, lines, used, asked):
    """But for tokens that nobody counted; what no telemetry speaks of is neither."""
    times = [line for line in lines if line.token_direction is None]
    fill(connection, times, used, asked)

    known = resources_of(used, asked)
    expected = tuple(
        sum((getattr(line, name) for line in times if line.resource_id in known), Decimal(0)) for name in COSTS
    )
    assert sums(connection, "usage_costs") == expected


@settings(max_examples=50, deadline=None)
@given(lines=st.lists(charges(), min_size=1, max_size=6), used=runs(), asked=counts)
def test_nothing_but_runs_and_requests_is_a_version_and_each_has_its_time(connection, lines, used, asked):
    """A second reading of the rule, minute by minute: what a run or a version has of each charge, by time."""
    times = [line for line in lines if line.token_direction is None]
    fill(connection, times, used, asked)

    found = connection.execute(
        "select if(is_idle, 'idle', if(run_id <> '(none)', run_id, model_version)), sum(effective_cost)"
        " from usage_costs group by all"
    ).fetchall()
    expected = by_minutes(times, used, asked)
    for name in {*dict(found), *expected}:
        near = abs(Fraction(dict(found).get(name, 0)) - expected.get(name, 0))
        assert near < Fraction(1, 10**6), (name, dict(found), expected)


def by_minutes(lines: Sequence[Charge], used: Sequence[Run], asked: Sequence[Count]) -> dict[str, Fraction]:
    known = resources_of(used, asked)
    shares: dict[str, Fraction] = defaultdict(Fraction)
    for line in (each for each in lines if each.resource_id in known):
        newest = max(each.charge_end for each in lines if each.resource_id == line.resource_id)
        length = int((line.charge_end - line.charge_start) / timedelta(minutes=1))
        weights: dict[str, Fraction] = defaultdict(Fraction)
        for minute in (line.charge_start + timedelta(minutes=number) for number in range(length)):
            users = [{run.run_id: 1} for run in used if is_using(run, line.resource_id, minute, newest)]
            if line.resource_id == "endpoint":
                hour = minute.replace(minute=0)
                answered = {each.version: each.requests for each in asked if each.hour == hour and each.requests}
                users += [answered] if answered else []
            for user in users:
                for name, weight in user.items():
                    weights[name] += Fraction(weight, sum(user.values()) * len(users))
        billed = sum((Fraction(each.metered_hours or 0) for each in same_period(lines, line)), Fraction(0)) * 60
        total = max(sum(weights.values()), min(billed, Fraction(length)) if billed else Fraction(length))
        for name, weight in weights.items():
            shares[name] += Fraction(line.effective_cost) * weight / total
        shares["idle"] += Fraction(line.effective_cost) * (1 - sum(weights.values()) / total)
    return dict(shares)


def resources_of(used: Sequence[Run], asked: Sequence[Count]) -> set[str]:
    return {run.resource_id for run in used} | ({"endpoint"} if asked else set())


def is_using(run: Run, resource: str, minute: datetime, newest: datetime) -> bool:
    until = newest if run.ended_at is None else run.ended_at
    return run.resource_id == resource and run.started_at <= minute < until


def same_period(lines: Sequence[Charge], line: Charge) -> list[Charge]:
    key = (line.resource_id, line.charge_start, line.charge_end)
    return [each for each in lines if (each.resource_id, each.charge_start, each.charge_end) == key]
