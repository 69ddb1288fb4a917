"""Whatever fails and whenever a run is killed: old or new, never between, and the next run mends it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.unit.ingest.native_bills import age, aws_export, gz_bytes, rows

from finops.core.formats import SourceFormat
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest import landing
from finops.ingest.service import ingest
from finops.stores.state import ledger
from finops.stores.state.store import open_state


@pytest.mark.parametrize("mode", ["kill", "fail"])
def test_at_every_step_of_io_a_run_leaves_old_or_new_and_the_next_equals_a_clean_one(tmp_path: Path, mode: str) -> None:
    module = f"{__package__ or 'tests.unit.ingest'}.killed_runs"
    # Hundreds of flushes: in memory, where there is such a place, since what they reach is not what is tested.
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        command = [sys.executable, "-m", module, folder, mode]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    statuses = [each["status"] for each in found["steps"]]
    assert statuses[-1] == 0, "the last run met no fault"
    assert set(statuses[:-1]) == {9}
    assert len(statuses) > 15
    for step in found["steps"]:
        for period in found["clean"]:
            assert step["left"].get(period) in (found["before"].get(period), found["clean"][period])
        assert all(each["is_whole"] for each in step["left"].values())
        assert (step["again"], step["then"]) == (0, found["clean"])


PROJECT = Path(__file__).resolve().parents[3]


class Killed(BaseException):
    """The process ends here."""


class Deliveries(RuleBasedStateMachine):
    """Deliver, deliver again, restate, deliver late, kill: the ledger agrees with a dictionary.

    The model keeps, for each month, what lies at the origin and what must be current: the newest written.
    """

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        root = Path(self._folder.name)
        self._origin = root / "origin"
        self._settings = Settings(home=root / "home")
        self._offered: dict[str, tuple[int, str]] = {}
        self._current: dict[str, tuple[int, str]] = {}
        self._day = 10

    months = st.sampled_from(["2025-01", "2025-02"])
    costs = st.sampled_from(["1", "2", "3"])

    @rule(period=months, cost=costs)
    def restate(self, period: str, cost: str) -> None:
        self._day += 1
        self._put(period, cost, self._day)

    @rule(period=months, cost=costs)
    def deliver_late(self, period: str, cost: str) -> None:
        self._put(period, cost, 1)

    @rule()
    def take(self) -> None:
        ingest(self._settings, Provider.AWS, str(self._origin)) if self._offered else None
        for period, (day, cost) in self._offered.items():
            if period not in self._current or day >= self._current[period][0]:
                self._current[period] = (day, cost)

    @rule(before_the_ledger=st.booleans())
    def be_killed(self, before_the_ledger: bool) -> None:
        if not self._offered:
            return
        name = "record" if before_the_ledger else "land"
        real = getattr(landing, name)

        def killed(*_: object) -> None:
            raise Killed

        setattr(landing, name, killed)
        try:
            ingest(self._settings, Provider.AWS, str(self._origin))
        except Killed:
            pass
        else:
            self.take()
        finally:
            setattr(landing, name, real)

    @invariant()
    def the_ledger_agrees(self) -> None:
        with open_state(self._settings).begin() as connection:
            found = ledger.current(connection)
        assert {str(d.billing_period): d.totals[0].source_cost for d in found} == {
            period: int(cost) for period, (_, cost) in self._current.items()
        }
        for each in found:
            folder = self._settings.landing_dir / each.relative_path
            assert sorted(path.name for path in folder.iterdir()) == [file.local_name for file in each.files]

    def teardown(self) -> None:
        self._folder.cleanup()

    def _put(self, period: str, cost: str, day: int) -> None:
        content = {"bill.csv.gz": gz_bytes(rows(SourceFormat.AWS_CUR2, [cost], period))}
        age(aws_export(self._origin, period, content), f"2025-03-{day:02d}" if day < 32 else f"2025-04-{day - 31:02d}")
        self._offered[period] = (day, cost)


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = hypothesis_settings(max_examples=8, stateful_step_count=8)
