"""The laws of allocation, for any rules and any costs: nothing is made, nothing is lost, nothing depends on order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import product
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from tests.allocation_model import UNIT, Entry, Pair, Row, allocate
from tests.model_sql import allocation_sql

from finops.core.errors import BadInput
from finops.policy.allocation import Rules
from finops.policy.allocation.checks import faults
from finops.policy.allocation.drivers import Quantity, check_charges
from finops.policy.located_yaml import Located
from finops.transform.allocation_inputs import document

# Only generated, not shrunk: each example is a long statement of SQL, and shrinking one takes minutes.
ONCE = [Phase.generate]
PERIODS, PROVIDERS, CURRENCIES = ("2025-01", "2025-02"), ("aws", "gcp"), ("EUR", "USD")
# A quote, because every name goes into the SQL as text.
CENTERS = ("cc-1", "cc-2", "o'hara; --", "wide ☃", "(unallocated)")
CATEGORIES = ("Compute", "Networking")
CHARGES = ("Tax", "Usage")

amounts = st.one_of(
    st.integers(-(10**20), 10**24).map(lambda units: units * UNIT),
    st.integers(-300, 300).map(lambda units: units * UNIT),
    st.integers(-1, 9).map(Decimal),
)
BILLS = (("2025-01", "aws", "USD"), ("2025-01", "gcp", "EUR"), ("2025-02", "aws", "USD"))
DIMENSIONS = [(*bill, *rest) for bill in BILLS for rest in product(CENTERS, CATEGORIES, CHARGES)]
# Most combinations have costs, so that what is divided is divided among several.
rows = st.lists(st.sampled_from(DIMENSIONS), min_size=20, max_size=60).flatmap(
    lambda chosen: st.lists(st.tuples(amounts, amounts), min_size=len(chosen), max_size=len(chosen)).map(
        lambda costs: [Row(*dimensions, *pair) for dimensions, pair in zip(chosen, costs, strict=True)]
    )
)
quantities = st.lists(
    st.builds(
        Quantity,
        st.sampled_from(PERIODS),
        st.just("gpu_hours"),
        st.sampled_from(CENTERS),
        st.sampled_from((None, *PROVIDERS)),
        st.one_of(st.integers(0, 9), st.integers(0, 10**28).map(lambda units: units * UNIT)).map(Decimal),
    ),
    min_size=6,
    max_size=12,
    unique_by=lambda each: (each.billing_period, each.cost_center, each.provider),
)


def some(values: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


conditions = {
    "cost_center": some(CENTERS),
    "provider": some(PROVIDERS) | st.fixed_dictionaries({"not": some(PROVIDERS[:1])}),
    "service_category": some(CATEGORIES[:1]) | st.fixed_dictionaries({"not": some(CATEGORIES[:1])}),
    "charge_category": some(CHARGES[:1]),
}
selections = st.one_of(
    st.fixed_dictionaries({"cost_center": conditions["cost_center"]}, optional={"provider": conditions["provider"]}),
    st.fixed_dictionaries({}, optional=conditions).filter(bool),
)


@st.composite
def shares(draw: st.DrawFn) -> dict[str, str]:
    names = draw(some(CENTERS))
    cuts = sorted(
        draw(st.lists(st.integers(1, 10**12 - 1), min_size=len(names) - 1, max_size=len(names) - 1, unique=True))
    )
    bounds = [0, *cuts, 10**12]
    return {name: f"{(bounds[n + 1] - bounds[n]) * UNIT:f}" for n, name in enumerate(names)}


among = {"among": st.just("all") | some(CENTERS), "except": some(CENTERS)}
splits = st.one_of(
    st.fixed_dictionaries({"method": st.just("even")}, optional=among),
    st.fixed_dictionaries(
        {"method": st.just("proportional"), "to": st.sampled_from(("direct", "charged", "computing"))}, optional=among
    ),
    st.fixed_dictionaries({"method": st.just("telemetry"), "driver": st.just("gpu_hours")}, optional=among),
    st.fixed_dictionaries({"method": st.just("fixed"), "shares": shares()}),
)
pools = st.fixed_dictionaries(
    {"select": selections, "split": splits, "takes_the_rest": st.just(True)},
    optional={
        "from": st.just("2025-02"),
        "markup": st.fixed_dictionaries(
            {"percent": st.sampled_from(("5", "0.333333", "250")), "to": st.sampled_from(CENTERS)}
        ),
    },
)
prices = st.fixed_dictionaries(
    {
        "driver": st.just("gpu_hours"),
        "cost_center": st.sampled_from(CENTERS),
        "provider": st.sampled_from(PROVIDERS),
        "currency": st.sampled_from(CURRENCIES),
        "rate": st.sampled_from(("0.333333333333", "0.01", "0.000000000001")),
    }
)


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    """Draw rules that the checks allow: of those drawn, each that fits the ones before it."""
    said: dict[str, Any] = {
        "selections": {"computing": {"service_category": "Compute"}},
        "drivers": [{"name": "gpu_hours", "unit": "hours", "file": "x"}],
        "prices": [
            {"id": f"price-{n}", "version": 1, "description": "x", **price}
            for n, price in enumerate(draw(st.lists(prices, max_size=2)))
        ],
        "pools": [],
    }
    for number, pool in enumerate(draw(st.lists(pools, min_size=3, max_size=6))):
        names = pool["split"].get("among", "all")
        if names != "all" and set(names) <= set(pool["split"].get("except", ())):
            continue
        tried = {**said, "pools": [*said["pools"], {"id": f"pool-{number}", "version": 2, "description": "x", **pool}]}
        if not list(faults(Rules.model_validate(tried), Located(None, None, {}))):  # type: ignore[arg-type]
            said = tried
    return Rules.model_validate(said)


def is_taken(said: Rules, used: Sequence[Quantity]) -> bool:
    """Whether ingestion of drivers takes them: a charge of 10^12 or more by a price list is refused, by name."""
    try:
        check_charges(said, used)
    except BadInput:
        return False
    return True


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as opened:
        opened.execute(
            "create table fct_daily_costs (billing_period varchar, provider varchar, billing_currency varchar,"
            " cost_center varchar, service_category varchar, charge_category varchar, billed_cost decimal(38, 12),"
            " effective_cost decimal(38, 12), service_name varchar, charge_count bigint default 1)"
        )
        opened.execute(
            "create table allocation_drivers (billing_period varchar, driver varchar, cost_center varchar,"
            " provider varchar, quantity decimal(38, 12))"
        )
        yield opened


def run(
    connection: duckdb.DuckDBPyConnection, costs: Sequence[Row], said: Rules, used: Sequence[Quantity]
) -> list[dict[str, Any]]:
    connection.execute("delete from fct_daily_costs; delete from allocation_drivers")
    connection.executemany(
        "insert into fct_daily_costs values (?, ?, ?, ?, ?, ?, ?, ?, 'x', 1)",
        [
            [*row.key, row.cost_center, row.service_category, row.charge_category, row.billed_cost, row.effective_cost]
            for row in costs
        ],
    )
    if used:
        connection.executemany(
            "insert into allocation_drivers values (?, ?, ?, ?, ?)",
            [[q.billing_period, q.driver, q.cost_center, q.provider, q.quantity] for q in used],
        )
    found = connection.execute(allocation_sql(document(said, PERIODS)))
    names = [column[0] for column in found.description]
    return [dict(zip(names, values, strict=True)) for values in found.fetchall()]


def entries(found: list[dict[str, Any]]) -> dict[Entry, Pair]:
    sums: dict[Entry, Pair] = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for row in found:
        key = (row["billing_period"], row["provider"], row["billing_currency"])
        entry = (key, row["cost_center"], row["entry_kind"], row["rule_id"], row["rule_version"])
        sums[entry] = (sums[entry][0] + row["billed_cost"], sums[entry][1] + row["effective_cost"])
    return {entry: pair for entry, pair in sums.items() if any(pair)}


def totals(found: list[dict[str, Any]], *names: str) -> dict[tuple[Any, ...], Pair]:
    sums: dict[tuple[Any, ...], Pair] = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for row in found:
        key = tuple(row[name] for name in ("billing_period", "provider", "billing_currency", *names))
        sums[key] = (sums[key][0] + row["billed_cost"], sums[key][1] + row["effective_cost"])
    return dict(sums)


@settings(max_examples=60, suppress_health_check=list(HealthCheck), phases=ONCE)
@given(costs=rows, said=rules(), used=quantities, chance=st.randoms(use_true_random=False))
def test_any_rules_move_any_costs_exactly(
    connection: duckdb.DuckDBPyConnection, costs: list[Row], said: Rules, used: list[Quantity], chance: Any
) -> None:
    assume(is_taken(said, used))
    found = run(connection, costs, said, used)

    # Direct and shared cost are the bill; every rule's entries are zero in sum; markups too, on their own.
    bills: dict[tuple[Any, ...], Pair] = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for row in costs:
        bills[row.key] = (bills[row.key][0] + row.billed_cost, bills[row.key][1] + row.effective_cost)
    assert totals(found) == dict(bills)
    moved = [{**row, "side": row["entry_kind"].startswith("markup")} for row in found if row["entry_kind"] != "direct"]
    assert not any(any(pair) for pair in totals(moved, "rule_id", "side").values())

    # To the last decimal, it is what the rules mean when a second hand reckons them.
    assert entries(found) == allocate(costs, said, used)

    # Shares are whole wherever something was divided.
    parts: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for row in found:
        if row["entry_kind"] == "pool":
            parts[row["billing_period"], row["provider"], row["billing_currency"], row["rule_id"]] += row["share"]
    assert set(parts.values()) <= {Decimal(1)}

    # The order in which rows come changes nothing, nor do the numbers of rows they come in.
    shuffled = chance.sample(costs, len(costs))
    again = run(connection, shuffled, said, chance.sample(used, len(used)))
    assert sorted(map(repr, again)) == sorted(map(repr, found))


@settings(max_examples=25, suppress_health_check=list(HealthCheck), phases=ONCE)
@given(costs=rows, used=quantities, first=splits, second=splits)
def test_who_is_drained_has_nothing_left(
    connection: duckdb.DuckDBPyConnection, costs: list[Row], used: list[Quantity], first: Any, second: Any
) -> None:
    """A chain: networking goes to whom the first split says, then all that cc-1 has goes on, with its part of it."""
    base = {"version": 1, "description": "x"}
    pool = {"id": "network", **base, "select": {"service_category": "Networking", "charge_category": "Usage"}}
    said = {
        "selections": {"computing": {"service_category": "Compute"}},
        "drivers": [{"name": "gpu_hours", "unit": "hours", "file": "x"}],
        "pools": [
            {**pool, "split": first},
            {"id": "chain", **base, "select": {"cost_center": "cc-1"}, "split": second, "takes_the_rest": True},
        ],
    }
    for split in (first, second):
        if split.get("among", "all") != "all" and set(split["among"]) <= set(split.get("except", ())):
            return
    chained = Rules.model_validate(said)
    if list(faults(chained, Located(None, None, {}))):  # type: ignore[arg-type]
        return
    found = run(connection, costs, chained, used)
    kept = {
        key for key, pair in totals([r for r in found if r["entry_kind"] == "kept"], "rule_id").items() if any(pair)
    }
    for (*bill, center), pair in totals(found, "cost_center").items():
        if center == "cc-1" and (*bill, "chain") not in kept:
            assert not any(pair) or all(r["rule_id"] != "chain" for r in found if r["entry_kind"] == "pool")
