"""Laws of cost that hold for any bill, on months that hypothesis makes up.

Every example is a billing period of one home: all are landed, built in one go, and then held to the laws. Each
account's export arrives in several versions and in any order; the provider's last version counts.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.golden import generated_months as generated
from tests.golden.generated_months import EXPORTS, Event, Life, Month
from tests.native_files import Row, types_of, write_csv, write_parquet

from finops.core.formats import SourceFormat
from finops.core.providers import CLOUDS, Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.transform.service import build

MONTHS = 8
LIVES = 6

Version = dict[str, tuple[list[Event], ...]]
"""By billing period, the events of each account, as one version of the exports tells them."""


@dataclass(frozen=True)
class History:
    """What a provider tells over time: an early and a final version of its months, and the order they arrive in."""

    provider: Provider
    versions: dict[str, Version]
    arrivals: tuple[tuple[str, ...], ...]


def _drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """Have hypothesis make up so many examples, to be tried in one go."""
    found: list[Any] = []

    @hypothesis_settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def gather(example: Any) -> None:
        found.append(example)

    gather()
    return found


ORDERS = st.sampled_from(
    (
        ("early", "final"),
        ("final", "early"),
        ("early", "final", "final"),
        ("early", "early", "final", "early"),
        ("final", "early", "final"),
    )
)


def _history(provider: Provider) -> History:
    found: list[Month] = _drawn(generated.months(provider), MONTHS)
    periods = [f"{2001 + place // 12}-{place % 12 + 1:02d}" for place in range(len(found))]
    versions: dict[str, Version] = {
        "early": {period: month.early for period, month in zip(periods, found, strict=True)},
        "final": {period: month.final for period, month in zip(periods, found, strict=True)},
    }
    for period, events in zip(_life_periods(), _lives(provider), strict=False):
        versions["early"][period] = versions["final"][period] = events
    orders = tuple(_drawn(st.tuples(ORDERS, ORDERS), 1)[0])
    return History(provider, versions, orders)


def _life_periods() -> list[str]:
    return [f"2010-{month:02d}" for month in range(1, generated.LENGTH + 1)]


def _lives(provider: Provider) -> list[tuple[list[Event], ...]]:
    """The months of all commitments together, on the first account; the second has nothing but an ordinary charge."""
    makers = {Provider.AWS: generated.aws_lives, Provider.AZURE: generated.azure_lives}
    if provider not in makers:
        return []
    lives: list[Life] = [_drawn(makers[provider](number), 2)[-1] for number in range(LIVES)]
    ordinary = generated.ordinary(provider)
    return [
        ([ordinary, *(event for life in lives for event in life.months[month])], [ordinary])
        for month in range(generated.LENGTH)
    ]


def _write(path: Path, export: SourceFormat, rows: list[Row]) -> None:
    if export is SourceFormat.GCP_DETAILED:
        write_parquet(path, rows, types_of(export))
    else:
        write_csv(path, rows)


def _files(folder: Path, history: History, export: SourceFormat, account: int, version: str) -> None:
    """Write one version of an account's export, in two files, as the provider does when it is large."""
    rows = [
        generated.complete(line, export, period, account)
        for period, accounts in history.versions[version].items()
        for event in accounts[account]
        for line in event.lines[export]
    ]
    folder.mkdir(parents=True)
    ending = "parquet" if export is SourceFormat.GCP_DETAILED else "csv"
    for part in range(2):
        path = folder / f"part-{part}.{ending}"
        _write(path, export, rows[part::2])
        written = 1_600_000_000 + (3600 if version == "final" else 0)
        os.utime(path, (written, written))


def _land(settings: Settings, folder: Path, history: History) -> None:
    for account, arrivals in enumerate(history.arrivals):
        for export in EXPORTS[history.provider]:
            source = f"account-{account}-{export.value}".replace("_", "-")
            for version in dict.fromkeys(arrivals):
                _files(folder / source / version, history, export, account, version)
            for version in arrivals:
                report = ingest(
                    settings,
                    history.provider,
                    str(folder / source / version),
                    no_manifest=True,
                    source=source,
                    source_format=export,
                    # A restatement here may be of any size.
                    accept_smaller=True,
                )
                refused = {each.outcome.value for each in report.rejections}
                assert refused <= ({"refused"} if version == "early" else set()), report.rejections


@dataclass(frozen=True)
class World:
    """The made-up histories and the fact built from them."""

    histories: tuple[History, ...]
    settings: Settings

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.warehouse_path), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Make up every provider's months, land them, and build them in one go."""
    folder = tmp_path_factory.mktemp("laws")
    settings = Settings(home=folder / "home")
    histories = tuple(map(_history, CLOUDS))
    for history in histories:
        _land(settings, folder / history.provider, history)
    assert build(settings) is not None
    return World(histories, settings)


def _charged(world: World) -> Iterator[tuple[tuple[str, str, str], Decimal]]:
    for history in world.histories:
        for period, accounts in history.versions["final"].items():
            for event in (event for events in accounts for event in events):
                yield (history.provider, period, event.currency), event.billed


def test_the_fact_bills_what_the_sources_cost_whatever_the_month_the_split_and_the_order_of_arrival(
    world: World,
) -> None:
    expected: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for key, billed in _charged(world):
        expected[key] += billed

    found = world.query(
        "select provider, billing_period, billing_currency, sum(billed_cost) from fct_focus_costs group by all"
    )

    billed = {(provider, period, currency): cost for provider, period, currency, cost in found}
    differences = {
        key: (billed.get(key), cost, _events_of(world, key))
        for key, cost in expected.items()
        if billed.get(key) != cost
    }
    assert differences == {}
    assert set(billed) == set(expected)


def _events_of(world: World, key: tuple[str, str, str]) -> list[Event]:
    """The events of a provider, period and currency, so that a failure shows the bill that breaks the law."""
    provider, period, currency = key
    history = next(each for each in world.histories if each.provider == provider)
    accounts = history.versions["final"].get(period, ())
    return [event for events in accounts for event in events if event.currency == currency]


def test_over_its_whole_life_a_commitment_is_effective_as_much_as_it_is_billed(world: World) -> None:
    found = world.query(
        "select provider, commitment_discount_id, billing_currency, sum(billed_cost), sum(effective_cost), count(*) "
        "from fct_focus_costs where commitment_discount_id is not null and billing_period like '2010-%' group by all"
    )

    assert {provider for provider, *_ in found} == {"aws", "azure"}
    assert len(found) == 2 * LIVES
    assert [row for row in found if row[3] != row[4]] == []
    # A law over nothing would hold: every commitment of both kinds is paid for, used and wasted in part.
    parts = world.query(
        "select provider, commitment_discount_type, count(distinct commitment_discount_id), "
        "bool_or(charge_category = 'Purchase' and billed_cost > 0), "
        "count(distinct commitment_discount_id) filter (commitment_discount_status = 'Used' and effective_cost <> 0), "
        "count(distinct commitment_discount_id) filter (commitment_discount_status = 'Unused' and effective_cost <> 0) "
        "from fct_focus_costs where commitment_discount_id is not null and billing_period like '2010-%' "
        "group by all order by all"
    )
    half = LIVES // 2
    assert parts == [
        ("aws", "Reserved Instance", half, True, half, half),
        ("aws", "Savings Plan", half, True, half, half),
        ("azure", "Reservation", half, True, half, half),
        ("azure", "Savings Plan", half, True, half, half),
    ]


def test_every_stage_of_a_made_up_month_equals_its_source(world: World) -> None:
    stages = world.query(
        "select provider, billing_period, billing_currency, stage, difference from marts.mart_reconciliation"
    )

    assert {(provider, period) for provider, period, *_ in stages} == {
        (history.provider, period) for history in world.histories for period in history.versions["final"]
    }
    assert [row for row in stages if row[-1] != 0] == []
