"""Deliver, restate, withdraw, in any order: the history is a dictionary of moments, and differences add up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from tests.unit.restatements.small_versions import Daily, daily, publish

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.restatements.service import diff
from finops.stores import snapshots
from finops.stores.state.store import open_state

PROVIDERS = ("aws", "gcp")
START = datetime(2025, 7, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
State = dict[str, list[Daily]]

numbers = count()
"""Every example has a month of its own, so that all share one state store."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("model"))


amounts = st.integers(-300, 300).map(lambda units: str(Decimal(units) / 100 + Decimal("1e-12") * (units % 3)))
bills = st.lists(
    st.builds(
        lambda billed, effective, currency, service, center, day: daily(
            billed=billed,
            effective=effective,
            billing_currency=currency,
            service_name=service,
            cost_center=center,
            day=day,
        ),
        amounts,
        amounts,
        st.sampled_from(["USD", "EUR"]),
        st.sampled_from(["Compute", "Storage"]),
        st.sampled_from(["cc-1001", "(unallocated)"]),
        st.integers(1, 2),
    ),
    max_size=4,
)
publications = st.lists(st.dictionaries(st.sampled_from(PROVIDERS), bills, min_size=1), min_size=1, max_size=4)
"""What each publication replaces: by provider, the rows it then has; none when all was withdrawn."""


@given(publications, st.data())
@examples(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_earlier_moment_reads_as_it_was_and_a_difference_leads_from_one_to_the_other(
    home: Settings, history: list[State], data: st.DataObject
) -> None:
    period = _fresh_month()
    states = _play(home, period, history)
    for moment, state in states:
        for asked in (moment, moment + HOUR / 2):
            assert _as_of(home, period, asked) == _rows(state)
    with pytest.raises(BadInput, match="its first snapshot is build"):
        _as_of(home, period, START - HOUR)

    picked = sorted(data.draw(st.tuples(*[st.integers(0, len(states) - 1)] * 2)))
    (since, before), (until, after) = (states[index] for index in picked)
    found = diff(home, period, since=snapshots.written(since), until=snapshots.written(until))
    expected = {key: sums for key, sums in _minus(_sums(after), _sums(before)).items() if any(sums)}
    changed = {
        (c.provider, c.billing_currency, c.service_name, c.cost_center): (
            c.amounts.billed_change,
            c.amounts.effective_change,
        )
        for c in found.changes
    }
    assert changed == expected
    assert len(found.changes) == len(expected)
    for total in found.totals:
        of_month = [sums for key, sums in expected.items() if key[:2] == (total.provider, total.billing_currency)]
        change = (total.amounts.billed_change, total.amounts.effective_change)
        assert change == tuple(map(sum, zip(*of_month, strict=True))) or (change == (0, 0) and not of_month)


def _fresh_month() -> BillingPeriod:
    number = next(numbers)
    return BillingPeriod(1900 + number // 12, number % 12 + 1)


def _play(home: Settings, period: BillingPeriod, history: Iterable[State]) -> list[tuple[datetime, State]]:
    """Publish one after the other, an hour apart; return what a reader saw from each moment on."""
    states: list[tuple[datetime, State]] = []
    held: State = {}
    for index, replaced in enumerate(history):
        held = {**held, **{p: [row._replace(provider=p) for row in rows] for p, rows in replaced.items()}}
        moment = START + index * HOUR
        publish(home, period, f"{period}-{index}", moment, [r for rows in held.values() for r in rows], [*replaced])
        states.append((moment, held))
    return states


def _as_of(home: Settings, period: BillingPeriod, moment: datetime) -> Counter[tuple[object, ...]]:
    with open_state(home).connect() as state:
        found = snapshots.as_of(state, period, moment)
    columns = ", ".join(name if name != "day" else "day(charge_date)" for name in Daily._fields)
    query = f"select {columns} from ({snapshots.daily_sql(home, found)}) where billing_period = '{period}'"
    return Counter(duckdb.sql(query).fetchall())


def _rows(state: State) -> Counter[tuple[object, ...]]:
    return Counter(tuple(row) for rows in state.values() for row in rows)


Sums = dict[tuple[str, ...], tuple[Decimal, Decimal]]


def _sums(state: State) -> Sums:
    found: Sums = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for row in (row for rows in state.values() for row in rows):
        key = (row.provider, row.billing_currency, row.service_name, row.cost_center)
        billed, effective = found[key]
        found[key] = (billed + row.billed_cost, effective + row.effective_cost)
    return found


def _minus(after: Sums, before: Sums) -> Sums:
    nothing = (Decimal(0), Decimal(0))
    keys = after.keys() | before.keys()
    return {
        key: tuple(new - old for new, old in zip(after.get(key, nothing), before.get(key, nothing), strict=True))
        for key in keys
    }  # type: ignore[return-value]
