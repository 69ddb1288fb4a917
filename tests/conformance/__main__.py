"""Judge sample and real bills with the official validator: ``python -m tests.conformance [--lines N] [--provider P]``.

Exit status 1 when a rule fails that is not on the allow-list (``allowed.ALLOWED``).
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.conformance import bills, validator
from tests.conformance.allowed import ALLOWED
from tests.conformance.verdict import Verdict

Row = tuple[str, Verdict, float]
"""The bill's name, the validator's word, and the seconds it took."""


def main() -> None:
    """Validate, print the table and every failing rule."""
    options = _options()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    if not validator.is_there():
        console.print("Conformance is skipped: focus-validator is not installed (`make judge`, needs python3.12).")
        return
    logging.disable(logging.WARNING)
    rows = list(_judged(options))
    console.print(_table(rows))
    failures = [(name, each) for name, verdict, _ in rows for each in verdict.failed]
    for name, each in failures:
        console.print(f"[red]{name}[/red]: {each.rule} in {each.violations:,} — {escape(each.message)}")
    for rule, allowed in ALLOWED.items():
        console.print(f"[dim]Allowed: {rule}, since {allowed.reason}.[/dim]")
    sys.exit(1 if failures else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000, help="lines of each provider's sample month")
    parser.add_argument("--only", choices=("sample", "real"), help="only these bills")
    return parser.parse_args()


def _judged(options: argparse.Namespace) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="finops-conformance-") as folder:
        for kind, source in (
            ("sample", lambda path: bills.sample(path, options.lines)),
            ("real", bills.real),
        ):
            if options.only in (None, kind):
                for name, parquet in source(Path(folder) / kind):
                    begun = monotonic()
                    yield f"{kind} {name}", validator.validate(parquet), monotonic() - begun


def _table(rows: list[Row]) -> Table:
    table = Table(title="FOCUS 1.2 by the official validator", title_justify="left")
    table.add_column("bill")
    for name in ("passed", "failed", "allowed", "seconds"):
        table.add_column(name, justify="right")
    for name, verdict, seconds in rows:
        failed = f"[red]{len(verdict.failed)}[/red]" if verdict.failed else "0"
        table.add_row(name, str(verdict.passed), failed, str(len(verdict.allowed)), f"{seconds:.1f}")
    return table


if __name__ == "__main__":
    main()
