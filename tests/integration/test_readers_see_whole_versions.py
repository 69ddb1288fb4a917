"""Readers in other processes, all through publications that succeed, are refused or are killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.crafted_warehouse import craft

from finops.core.settings import Settings
from finops.stores import published
from finops.stores.candidate import Verdict, save_verdict
from finops.stores.state import period_inputs
from finops.stores.state.store import open_state
from finops.transform.publish import publish

pytestmark = pytest.mark.integration

READER = """
import json, sys, time
from decimal import Decimal
from pathlib import Path
from finops.stores import published
from finops.core.settings import Settings

settings, seen, reads = Settings(home=Path(sys.argv[1])), [], 0
print("ready", flush=True)
while not Path(sys.argv[2]).exists():
    version = published.latest(settings)
    for mart in version.marts:
        expected = version.manifest["marts"][mart]
        glob = version.parquet(mart)
        with version.connect() as connection:
            for source in (mart, f"read_parquet('{glob}', hive_partitioning = true)"):
                count = connection.execute(f"select count(*) from {source}").fetchall()[0][0]
                assert count == expected["rows"], (version.build_id, source, count, expected["rows"])
                totals = [each for month in expected["billing_periods"].values() for each in month["totals"].values()]
                for measure in sorted({measure for each in totals for measure in each}):
                    total = connection.execute(f"select sum({measure}) from {source}").fetchall()[0][0]
                    amounts = sum(Decimal(each[measure]) for each in totals)
                    assert total == amounts, (version.build_id, source, measure, total, amounts)
    with version.connect() as connection:
        charges = connection.execute(f"select count(*) from ({version.focus_sql()})").fetchall()[0][0]
        assert charges == version.manifest["fact"]["rows"]
    reads += 1
    if not seen or seen[-1] != version.build_id:
        seen.append(version.build_id)
print(json.dumps({"reads": reads, "seen": seen}))
"""

PUBLISHER = """
import sys
from pathlib import Path
from finops.core.settings import Settings
from finops.transform.publish import publish

settings = Settings(home=Path(sys.argv[1]))
import duckdb, sqlalchemy
print("ready", flush=True)
sys.stdin.readline()
publish(settings)
"""

SCOPE = [("aws", "2025-01"), ("gcp", "2025-01"), ("aws", "2025-02")]


def test_a_reader_sees_only_whole_versions_through_publications_refused_and_killed(
    settings: Settings, tmp_path: Path
) -> None:
    _offer(settings, 0)
    publish(settings)
    done = tmp_path / "done"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(settings.root), str(done)], stdout=subprocess.PIPE, text=True
    )
    killed = 0
    try:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        for number in range(1, 11):
            is_refused = number in (3, 7)
            _offer(settings, number, passes=not is_refused)
            before = published.latest(settings).build_id
            if is_refused:
                with pytest.raises(Exception, match="the gate refused"):
                    publish(settings)
                assert published.latest(settings).build_id == before
            elif number % 2 == 0:
                killed += _publish_and_kill(settings, after=number * 0.02)
                assert published.latest(settings).build_id in (before, f"build-{number}")
                publish(settings)
            else:
                publish(settings)
            assert reader.poll() is None, "the reader has stopped"
        done.touch()
        output, _ = reader.communicate(timeout=60)
    finally:
        reader.kill()
        reader.wait()
    assert reader.returncode == 0
    result = json.loads(output)
    assert result["reads"] >= 5
    assert len(result["seen"]) >= 3, "the reader followed the publications"
    assert not {"build-3", "build-7"} & set(result["seen"])
    assert killed >= 1, "no publication was interrupted"
    with open_state(settings).connect() as state:
        assert period_inputs.pending(state) == []


def test_a_reader_that_holds_a_version_keeps_it_while_others_take_its_place(settings: Settings) -> None:
    _offer(settings, 0)
    held = publish(settings)
    with held.connect() as connection:
        before = connection.execute("select sum(billed_cost) from fct_daily_costs").fetchall()
        for number in range(1, 4):
            _offer(settings, number)
            publish(settings)
        assert connection.execute("select sum(billed_cost) from fct_daily_costs").fetchall() == before
        charges = f"select count(*) from ({held.focus_sql()})"
        assert connection.execute(charges).fetchall()[0][0] == held.manifest["fact"]["rows"]


def _offer(settings: Settings, number: int, *, passes: bool = True) -> None:
    build_id = f"build-{number}"
    craft(settings, SCOPE if number == 0 else SCOPE[: 1 + number % 3], build_id=build_id, revision=number, lines=60)
    save_verdict(settings, Verdict(build_id, passes, () if passes else ("a planted fault",), ()))


def _publish_and_kill(settings: Settings, after: float) -> bool:
    """Start a publication in a process of its own and end it with SIGKILL; tell whether that came in time."""
    process = subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, str(settings.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    process.stdin.write("\n")
    process.stdin.flush()
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL
