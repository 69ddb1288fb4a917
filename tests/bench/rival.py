"""Compare with ``focus-converter`` on one legacy Cost and Usage Report: CPU seconds and peak memory, in one run.

The two do not do the same. The converter writes FOCUS 1.0 columns of one file and proves nothing; ours verifies, lands,
maps to FOCUS 1.2, reconciles and writes every mart. Landing and building are shown apart.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv-converter"
LESS_CPU, LESS_MEMORY = 2, 6
"""How many times less CPU for a further line, and less memory, than the converter ours is to need."""

FEW = 1000
"""Lines of a report so small that only starting costs."""

Row = tuple[str, float, float | None]
Measure = Callable[[str, Path], dict[str, float]]


def rows(home: Path, lines: int, measure: Measure) -> list[Row]:
    """Measure both on ``home``'s AWS month as a legacy report, in CSV and in Parquet."""
    return [row for ending in ("csv", "parquet") for row in _of_report(home, ending, lines, measure)]


def _of_report(home: Path, ending: str, lines: int, measure: Measure) -> list[Row]:
    """Measure both on one file. Each is run once: it takes minutes.

    Beside the whole stands what a further line costs, start-up left out on both sides. The bounds are for the
    converter as it runs by default; without native columns, which is its cheapest, is shown too.
    """
    report, few = home / f"legacy.{ending}", home / f"legacy-few.{ending}"
    for path, count in ((report, []), (few, [str(FEW)])):
        if not path.exists():
            # In a process of its own: the peak memory of what this one starts would begin with its own.
            subprocess.run([sys.executable, "-m", "tests.bench.legacy_cur", home, path, *count], cwd=ROOT, check=True)
    theirs, bare, their_start = measure("convert", report), measure("convert_bare", report), measure("convert", few)
    landed, built = _ours(report, measure)
    landed_few, built_few = _ours(few, measure)
    name = f"legacy CUR, {ending}, {lines // 1_000_000} million lines"
    peak = max(landed["peak_mb"], built["peak_mb"])
    cpu, start = landed["cpu"] + built["cpu"], landed_few["cpu"] + built_few["cpu"]
    further, their_further = cpu - start, theirs["cpu"] - their_start["cpu"]
    per_line = 1e6 / lines
    return [
        (f"{name}: focus-converter, CPU µs a line", theirs["cpu"] * per_line, None),
        (f"{name}: the same, a further line", their_further * per_line, None),
        (f"{name}: the same without native columns", bare["cpu"] * per_line, None),
        (f"{name}: ingest, CPU µs a line", landed["cpu"] * per_line, None),
        (f"{name}: build, CPU µs a line", built["cpu"] * per_line, None),
        (f"{name}: both, a further line", further * per_line, None),
        (f"{name}: focus-converter, peak MB", theirs["peak_mb"], None),
        (f"{name}: the same without native columns", bare["peak_mb"], None),
        (f"{name}: ours, peak MB", peak, None),
        (f"{name}: ours / focus-converter, CPU", cpu / theirs["cpu"], None),
        (f"{name}: the same of a further line", further / their_further, 1 / LESS_CPU),
        (f"{name}: ours / without native columns, CPU", cpu / bare["cpu"], None),
        (f"{name}: ours / focus-converter, peak", peak / theirs["peak_mb"], 1 / LESS_MEMORY),
        (f"{name}: ours / without native columns, peak", peak / bare["peak_mb"], None),
    ]


def _ours(report: Path, measure: Measure) -> tuple[dict[str, float], dict[str, float]]:
    home = report.with_name(f"{report.name}-home")
    shutil.rmtree(home, ignore_errors=True)
    measured = measure("land", report), measure("build", home)
    shutil.rmtree(home)
    return measured


def is_there() -> bool:
    """Whether the converter is installed (``make rival`` does)."""
    return (ENVIRONMENT / ".ready").exists()
