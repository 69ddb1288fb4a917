"""Measure builds against decoding, in CPU seconds: ``python -m tests.bench [--full] [--json]``.

Bills are generated once into the cache folder. Each measurement is a process of its own, run twice, and the better
one counts; only the ratios mean anything on another machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.stores.state import ledger
from finops.stores.state.store import open_state
from tests.bench import anomalies, budgets, company, forecasts, kpis, rightsizing, rival, telemetry

FIRST = BillingPeriod(2025, 1)
BOUNDS = {
    "build / decode": 5.5,
    "build, gate and publication / decode": 6.0,
    "build, gate and publication, peak MB": 1024.0,
    "tags and allocation / decode": 1.5,
    "peak MB": 1100.0,
    "36 months / 1 month": 1.10,
    "1,000,000 resources / 100,000, peak": 1.10,
    "azure, build, a further line, CPU µs": 12.0,
    "gcp, build, a further line, CPU µs": 15.0,
    "nothing to do, CPU s": 4.0,
    "200 statements in all formats, s": 60.0,
}

Row = tuple[str, float, float | None]
"""A figure, its value and the bound it must keep."""


def main() -> None:
    """Run every measurement and print the table; exit with 1 when a bound is broken."""
    options = _options()
    sizes = [1_000_000, 10_000_000] if options.full else [1_000_000]
    rows = [row for size in sizes for row in _sized(options.cache, size)]
    rows += _of_another_shape(options.cache, sizes[-1])
    rows += _of_many_resources(options.cache)
    rows += _of_other_clouds(options.cache)
    rows += _with_history(options.cache, options.history_lines)
    rows += telemetry.rows(options.cache, _measure, _run)
    rows += budgets.rows(options.cache, _measure, _run)
    rows += rightsizing.rows(options.cache, _measure, _run)
    rows += anomalies.rows()
    rows += forecasts.rows()
    rows += _against_the_rival(options.cache)
    if options.full:
        rows.append(_linearity(rows, options.history_lines))
    if options.json:
        sys.stdout.write(json.dumps([{"figure": f, "value": v, "bound": b} for f, v, b in rows], indent=2) + "\n")
    else:
        for figure, value, bound in rows:
            sys.stdout.write(f"{figure:<58} {value:>10.2f}{'' if bound is None else f'   at most {bound:g}'}\n")
    sys.exit(any(bound is not None and value > bound for _, value, bound in rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="also ten million lines (some ten minutes, 8 GB of disk)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "finops-bench")
    parser.add_argument("--history-lines", type=int, default=100_000, help="lines of each of the 36 months")
    return parser.parse_args()


def _sized(cache: Path, lines: int) -> list[Row]:
    home = _landed(cache, lines, months=1)
    decode = _best("decode", home)
    shutil.rmtree(home / "work", ignore_errors=True)
    build = _best("build", home)
    without = _best("build", home, company.write_without(home / "config" / "without"))
    large = _best("build", home, company.write_large(home / "config" / "large"))
    statements = _statements(home) if lines == 1_000_000 else []
    name = f"{lines // 1_000_000} million lines"
    # Start-up of Python and dbt weighs on a small month; the bounds are for the large one.
    bound, bound_above = (
        BOUNDS[figure] if lines >= 10_000_000 else None for figure in ("build / decode", "tags and allocation / decode")
    )
    return [
        (f"{name}: decode, CPU s", decode["cpu"], None),
        (f"{name}: build, CPU s", build["cpu"], None),
        (f"{name}: build / decode", build["cpu"] / decode["cpu"], bound),
        (f"{name}: build of 200 cost centres and 20 pools, CPU s", large["cpu"], None),
        (f"{name}: build without tags and allocation, CPU s", without["cpu"], None),
        (f"{name}: tags and allocation / decode", (large["cpu"] - without["cpu"]) / decode["cpu"], bound_above),
        (f"{name}: build, peak MB", build["peak_mb"], BOUNDS["peak MB"]),
        *_whole(name, home, decode, lines),
        *_kpis(cache, name, home, decode, lines),
        *statements,
    ]


def _of_another_shape(cache: Path, lines: int) -> list[Row]:
    """Measure the whole of `finops build` on a bill that is unlike the sample's."""
    home = _of_shape(cache / f"another-shape-{lines}-lines", lines)
    name, decode = f"{lines // 1_000_000} million lines of another shape", _best("decode", home)
    return [*_whole(name, home, decode, lines), *_kpis(cache, name, home, decode, lines)]


def _of_many_resources(cache: Path) -> list[Row]:
    """Measure the memory of two months that differ in how many resources their lines are of."""
    lines, peaks, name = 3_000_000, [], "3 million lines"
    for resources in (100_000, 1_000_000):
        home = _of_shape(cache / f"{resources}-resources", lines, resources)
        peaks.append(min(_measure("whole", home)["peak_mb"] for _ in range(2)))
    figure = "1,000,000 resources / 100,000, peak"
    return [
        (f"{name} of 100,000 resources, peak MB", peaks[0], None),
        (f"{name} of 1,000,000 resources, peak MB", peaks[1], None),
        (f"{name}: {figure}", peaks[1] / peaks[0], BOUNDS[figure]),
    ]


def _of_shape(home: Path, lines: int, *resources: int) -> Path:
    if not (home / "landed").exists():
        shutil.rmtree(home, ignore_errors=True)
        _run("tests.bench.shapes", str(home), str(FIRST), str(lines), *map(str, resources))
    return home


def _whole(name: str, home: Path, decode: dict[str, float], lines: int) -> list[Row]:
    found, what = _best("whole", home), "build, gate and publication"
    return [
        (f"{name}: {what}, CPU s", found["cpu"], None),
        *(
            (f"{name}: {figure}", value, BOUNDS[figure] if lines >= 10_000_000 else None)
            for figure, value in (
                (f"{what} / decode", found["cpu"] / decode["cpu"]),
                (f"{what}, peak MB", found["peak_mb"]),
            )
        ),
    ]


def _kpis(cache: Path, name: str, home: Path, decode: dict[str, float], lines: int) -> list[Row]:
    """Measure the KPIs of the month that was just published, above those of a tiny one: start-up of Python and dbt."""
    tiny = _landed(cache, 2_000, months=1)
    _measure("publish_all", tiny)
    start_up = _best("kpis", tiny)["cpu"]
    bound = kpis.BOUND if lines >= 10_000_000 else None
    return kpis.rows(name, home, decode["cpu"], start_up, _measure, _run, FIRST, bound)


def _of_other_clouds(cache: Path) -> list[Row]:
    """Measure what a line of Azure's and Google's bills costs, from landed to built, start-up left out."""
    found: list[Row] = []
    for provider in (Provider.AZURE, Provider.GCP):
        few, many = (_landed(cache, lines, 1, provider) for lines in (2_000, 500_000))
        name = f"{provider} of {_lines_of(many) // 1000} thousand lines"
        for what in ("ingest", "build"):
            further = (_best(what, many)["cpu"] - _best(what, few)["cpu"]) / (_lines_of(many) - _lines_of(few))
            bound = BOUNDS.get(f"{provider}, {what}, a further line, CPU µs")
            found.append((f"{name}: {what}, a further line, CPU µs", 1e6 * further, bound))
    return found


def _lines_of(home: Path) -> int:
    with open_state(Settings(home=home)).begin() as connection:
        return sum(each.row_count for each in ledger.current(connection))


def _statements(home: Path) -> list[Row]:
    """Measure the statements of the large company that was built last; the clock is what bounds them.

    Not all of its cost centres have cost in the sample, so the figures are those of as many as there are, for 200.
    """
    config = home / "config" / "large"
    _measure("release", home, config)
    found = _best("statements", home, config)
    name, scale = "200 statements in all formats", 200 / found["made"]
    return [
        (f"{name}, CPU s", found["cpu"] * scale, None),
        (f"{name}, s", found["wall"] * scale, BOUNDS[f"{name}, s"]),
    ]


def _against_the_rival(cache: Path) -> list[Row]:
    if not rival.is_there():
        sys.stderr.write("focus-converter is not installed: the comparison with it is skipped (make rival)\n")
        return []
    lines = 1_000_000
    return rival.rows(_landed(cache, lines, months=1), lines, _measure)


def _linearity(rows: list[Row], tiny_lines: int) -> Row:
    """Compare what a further line costs above a million lines with what it costs below; start-up cancels out.

    Shown without a bound: below a million lines a build is mostly start-up, whose noise this divides by.
    """
    figures = {figure: value for figure, value, _ in rows}
    what = "build, gate and publication, CPU s"
    small, large = (figures[f"{millions} million lines: {what}"] for millions in (1, 10))
    tiny = figures[f"restated month of {tiny_lines:,} lines, alone, CPU s"]
    above, below = (large - small) / 9_000_000, (small - tiny) / (1_000_000 - tiny_lines)
    return ("a line above 1 million / a line below", above / below, None)


def _with_history(cache: Path, lines: int) -> list[Row]:
    """Measure a restated month, from landed to published, beside no other published month and beside 35."""
    costs, written = [], []
    one, many = (_landed(cache, lines, months=months) for months in (1, 36))
    for home in (one, many):
        _measure("publish_all", home)
        found = [_measure("whole", home) for _ in range(3)]
        costs.append(min(each["cpu"] for each in found))
        written.append(found[-1]["made"] / 1e6)
    idle = _best("nothing", many)["cpu"]
    month, figure = f"restated month of {lines:,} lines", "36 months / 1 month"
    return [
        (f"{month}, alone, CPU s", costs[0], None),
        (f"{month}, 36 months, CPU s", costs[1], None),
        (f"{figure}, CPU", costs[1] / costs[0], BOUNDS[figure]),
        (f"{month}, alone, MB written", written[0], None),
        (f"{month}, 36 months, MB written", written[1], None),
        (f"{figure}, bytes", written[1] / written[0], BOUNDS[figure]),
        ("nothing to do, CPU s", idle, BOUNDS["nothing to do, CPU s"]),
    ]


def _landed(cache: Path, lines: int, months: int, provider: Provider = Provider.AWS) -> Path:
    """Return a home where this many months have landed, generating them the first time.

    In a process of its own: the peak memory of whatever this one starts would begin with its own.
    """
    name = f"{lines}-lines-{months}-months"
    home = cache / (name if provider == Provider.AWS else f"{provider}-{name}")
    if not (home / "landed").exists():
        shutil.rmtree(home, ignore_errors=True)
        _run("tests.bench.generate", str(home), str(FIRST), provider, str(lines), str(months))
    return home


def _best(name: str, home: Path, config: Path | None = None) -> dict[str, float]:
    return min((_measure(name, home, config) for _ in range(2)), key=lambda found: found["cpu"])


def _measure(name: str, home: Path, config: Path | None = None) -> dict[str, float]:
    environment = {} if config is None else {"FINOPS_CONFIG_DIR": str(config)}
    return dict(json.loads(_run("tests.bench.measure", name, str(home), str(FIRST), **environment).splitlines()[-1]))


def _run(module: str, *arguments: str, **environment: str) -> str:
    command, root = [sys.executable, "-m", module, *arguments], Path(__file__).resolve().parents[2]
    return subprocess.run(
        command, cwd=root, env=dict(os.environ) | environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


if __name__ == "__main__":
    main()
