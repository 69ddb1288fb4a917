"""Laws of ingestion: the order of files does not matter, twice is once, and hours add up to their minutes."""

from __future__ import annotations

import random
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from tests.unit.telemetry.delivered_files import a_row, a_source, landed, write

from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.telemetry.service import ingest

KIND = TelemetryKind.INFERENCE_COUNTS
SLOTS = st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 47), st.integers(0, 11))
"""An endpoint, an hour of two days, and a bucket of five minutes in it."""
COUNTS = st.tuples(st.integers(0, 10**6), st.none() | st.integers(0, 10**12))
FILES = st.lists(st.dictionaries(SLOTS, COUNTS, min_size=1, max_size=12), min_size=1, max_size=4)

QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
"""An example takes a second: to make a failing one smaller would take minutes."""

Slot = tuple[str, int, int]
Counts = dict[Slot, tuple[int, int | None]]


def rows_of(counts: Counts) -> list[dict[str, Any]]:
    return [
        a_row(
            *(KIND,),
            endpoint_id=endpoint,
            bucket_start=f"2025-01-{30 + hour // 24}T{hour % 24:02}:{bucket * 5:02}:00Z",
            requests=requests,
            successes=requests // 2,
            tokens_in="" if tokens is None else tokens,
        )
        for (endpoint, hour, bucket), (requests, tokens) in counts.items()
    ]


def expected(files: list[Counts]) -> dict[tuple[str, int], tuple[int, int | None, int]]:
    """Return by endpoint and hour what the newest values add up to, written down once more in plain words."""
    newest: Counts = {}
    for each in files:
        newest |= each
    found: dict[tuple[str, int], tuple[int, int | None, int]] = {}
    for (endpoint, hour, _), (requests, tokens) in newest.items():
        r, t, minutes = found.get((endpoint, hour), (0, None, 0))
        found[endpoint, hour] = (r + requests, t if tokens is None else (t or 0) + tokens, minutes + 5)
    return found


@examples(max_examples=12, phases=QUICK)
@given(FILES, st.randoms(use_true_random=False))
def test_hours_add_up_to_the_minutes_of_the_newest_files_in_whatever_order_they_come(
    files: list[Counts], chance: random.Random
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        at_once, one_by_one = (Settings(home=Path(scratch) / name) for name in ("at_once", "one_by_one"))
        source = a_source(Path(scratch) / "in", KIND)
        for number in chance.sample(range(len(files)), len(files)):
            # The later one counts by when it was written, and not by its name or by when it is first seen.
            write(
                Path(scratch) / "in" / f"{chance.random()}-{number}.csv",
                rows_of(files[number]),
                written_at=1_000 + number,
            )
            ingest(one_by_one, source)
        report = ingest(at_once, source)
        again = ingest(at_once, source)

        assert report.rejections == again.rejections == again.landed == ()
        rows = landed(at_once, source)
        hours = {
            (row["endpoint_id"], (row["bucket_start"].day - 30) * 24 + row["bucket_start"].hour): (
                row["requests"],
                row["tokens_in"],
                row["minutes_covered"],
            )
            for row in rows
        }
        assert hours == expected(files)
        assert landed(one_by_one, source) == rows


@examples(max_examples=10, phases=QUICK)
@given(st.lists(st.decimals(0, 100, places=6), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_average_of_an_hour_is_that_of_its_minutes(averages: list[Decimal], chance: random.Random) -> None:
    kind = TelemetryKind.RESOURCE_METRICS
    minutes = [chance.randint(1, 5) for _ in averages]
    rows = [
        a_row(kind, bucket_start=f"2025-01-31T10:{n * 5:02}:00Z", bucket_minutes=m, average=a, maximum=a, p95=a)
        for n, (m, a) in enumerate(zip(minutes, averages, strict=True))
    ]
    with tempfile.TemporaryDirectory() as scratch:
        settings, source = Settings(home=Path(scratch) / "home"), a_source(Path(scratch) / "in", kind)
        write(Path(scratch) / "in" / "one.csv", chance.sample(rows, len(rows)))
        ingest(settings, source)
        [row] = landed(settings, source)

    weighted = sum(m * a for m, a in zip(minutes, averages, strict=True)) / sum(minutes)
    assert abs(row["average"] - weighted) < Decimal("0.000002")
    assert (row["maximum"], row["p95"], row["minutes_covered"]) == (max(averages), max(averages), sum(minutes))
