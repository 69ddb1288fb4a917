"""Compare with ``focus-converter`` on one legacy Cost and Usage Report: CPU seconds and peak memory, in one run.

The two do not do the same. The converter writes FOCUS 1.0 columns of one file and proves nothing; ours verifies, lands,
maps to FOCUS 1.2, reconciles and writes every mart. Landing and building are shown apart.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.bench import legacy_cur

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".venv-converter"
LESS_CPU, LESS_MEMORY = 10, 4
"""How many times less CPU and memory than the converter ours is to need."""

Row = tuple[str, float, float | None]
Measure = Callable[[str, Path], dict[str, float]]


def rows(home: Path, lines: int, measure: Measure) -> list[Row]:
    """Measure both on ``home``'s AWS month as a legacy report. Each is run once: it takes minutes."""
    report = home / "legacy.csv"
    if not report.exists():
        legacy_cur.write(str(home / "landing" / "provider=aws" / "**" / "*.parquet"), report)
    ours = home / "legacy-home"
    shutil.rmtree(ours, ignore_errors=True)
    theirs = measure("convert", home)
    landed, built = measure("land", home), measure("build", ours)
    shutil.rmtree(ours)
    name = f"legacy CUR of {lines:,} lines"
    peak = max(landed["peak_mb"], built["peak_mb"])
    cpu = landed["cpu"] + built["cpu"]
    return [
        (f"{name}: focus-converter, CPU µs a line", theirs["cpu"] / lines * 1e6, None),
        (f"{name}: finops ingest, CPU µs a line", landed["cpu"] / lines * 1e6, None),
        (f"{name}: finops build, CPU µs a line", built["cpu"] / lines * 1e6, None),
        (f"{name}: focus-converter, peak MB", theirs["peak_mb"], None),
        (f"{name}: finops, peak MB", peak, None),
        (f"{name}: finops / focus-converter, CPU", cpu / theirs["cpu"], 1 / LESS_CPU),
        (f"{name}: finops / focus-converter, peak", peak / theirs["peak_mb"], 1 / LESS_MEMORY),
    ]


def is_there() -> bool:
    """Whether the converter is installed (``make rival`` does)."""
    return (ENVIRONMENT / ".ready").exists()
