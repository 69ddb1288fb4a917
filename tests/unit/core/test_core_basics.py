"""Money, periods, whole files, locks: what every other part relies on."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core import money
from finops.core.atomic import replace_link, replacing
from finops.core.errors import BadInput, Unavailable
from finops.core.formats import SourceFormat, columns_of
from finops.core.locks import exclusive
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

MONTHS = st.builds(BillingPeriod, st.integers(1970, 9998), st.integers(1, 12))
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.timezones())  # noqa: DTZ001


@given(MONTHS)
def test_a_period_is_written_and_read_back_and_touches_its_neighbours(month: BillingPeriod) -> None:
    assert BillingPeriod.parse(str(month)) == month
    assert month.next.previous == month
    assert month.end == month.next.start
    assert month.previous < month < month.next


@given(MOMENTS)
def test_every_moment_lies_in_exactly_one_period_counted_in_utc(moment: datetime) -> None:
    month = BillingPeriod.of(moment)
    assert month.start <= moment.astimezone(UTC) < month.end


def test_the_last_evening_of_a_month_elsewhere_is_the_next_month_in_utc() -> None:
    assert str(BillingPeriod.of(datetime(2024, 12, 31, 20, tzinfo=timezone(timedelta(hours=-8))))) == "2025-01"


@pytest.mark.parametrize("text", ["2025-13", "2025-1", "25-01", "2025-01-01", "2025/01", "", "２０２５-01 "])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="YYYY-MM"):
        BillingPeriod.parse(text)


def test_a_moment_without_a_time_zone_belongs_to_no_period() -> None:
    with pytest.raises(ValueError, match="time zone"):
        BillingPeriod.of(datetime(2025, 1, 1))  # noqa: DTZ001


def test_amounts_round_once_half_away_from_zero() -> None:
    assert money.exact("0.0000000000005") == Decimal("0.000000000001")
    assert money.exact("-0.0000000000005") == Decimal("-0.000000000001")
    assert [money.cents(Decimal(x)) for x in ("0.125", "-0.125")] == [Decimal("0.13"), Decimal("-0.13")]


@given(st.lists(st.decimals(-(10**12), 10**12, places=12), max_size=20), st.randoms())
def test_the_order_of_addition_changes_no_sum(amounts: list[Decimal], random) -> None:
    exact = [money.exact(each) for each in amounts]
    shuffled = random.sample(exact, len(exact))
    assert sum(exact) == sum(shuffled)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "folder" / "file"
    with replacing(target) as temporary:
        temporary.write_text("old")

    def fail_half_way() -> None:
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert target.read_text() == "old"
    assert list(target.parent.iterdir()) == [target]


def test_a_link_is_moved_in_one_step_and_mends_what_a_killed_run_left(tmp_path: Path) -> None:
    link = tmp_path / "current"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        replace_link(link, name)
        assert link.resolve() == tmp_path / name
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".tmp")]


def test_a_store_has_one_writer_and_is_free_again_when_its_process_dies(settings: Settings) -> None:
    holder = (
        "import sys, time; from pathlib import Path; from finops.core.locks import exclusive;"
        "from finops.core.settings import Settings\n"
        "with exclusive(Settings(home=Path(sys.argv[1])), 'published'):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", holder, str(settings.root)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(Unavailable, match="holds the published store"),
            exclusive(settings, "published", wait_seconds=0.1),
        ):
            pass
        with exclusive(settings, "ingest-aws", wait_seconds=0.1):
            pass
    finally:
        other.kill()
        other.wait()
    with exclusive(settings, "published", wait_seconds=5):
        pass


@pytest.mark.parametrize("source_format", list(SourceFormat))
def test_a_formats_column_names_are_unambiguous_and_its_cost_and_currency_are_required(source_format) -> None:
    columns = columns_of(source_format)
    names = [name.lower() for column in columns for name in column.names]
    assert len(names) == len(set(names))
    required = " ".join(column.name.lower() for column in columns if column.is_required)
    assert "cost" in required
    assert "currency" in required
