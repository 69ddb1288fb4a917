"""What commands share: options, and how they show figures as JSON, tables and progress.

Without a terminal the width is fixed and progress is silent.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.core.periods import BillingPeriod
from finops.core.progress import Progress
from finops.core.providers import Provider

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_AFTER_SECONDS = 2

Months = Annotated[
    list[str] | None, typer.Option("--billing-period", metavar="YYYY-MM", help="Only this month; repeatable.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]


def a_provider(text: str) -> Provider:
    """Return the provider of an option. Raise BadParameter when it is the name of none."""
    try:
        return Provider(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


OneProvider = Annotated[
    Provider | None,
    typer.Option("--provider", parser=a_provider, metavar="NAME", help="Only this provider's bills."),
]
"""Options that several commands have."""


def as_json_of(record: object, *names: str) -> dict[str, Any]:
    """Return attributes of a record as JSON has them: exact amounts, moments and months as text."""
    return {name: _plain(getattr(record, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return str(value) if isinstance(value, BillingPeriod) else value


def show_progress(message: str, done: int, total: int) -> None:
    """Keep one line of progress on a terminal; an empty message clears it."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K[{done}/{total}] {message}" if message else "\r\033[K")
        sys.stderr.flush()


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """Yield what shows a message and the steps done of all, once the work has taken two seconds.

    Yield None where standard error is not a terminal.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    begun = monotonic()
    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, visible=False)

        def show(message: str, done: int, total: int) -> None:
            is_long = monotonic() - begun > _AFTER_SECONDS
            bar.update(task, description=message, completed=done, total=total, visible=is_long)

        yield show


def console(width: int = 160) -> Console:
    """Return a console that is as wide as the terminal, or ``width`` columns in a file or a pipe."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else width, highlight=False)


def table(title: str, columns: Iterable[str], rows: Iterable[Sequence[str]] = ()) -> Table:
    """Return a table of plain texts. A column whose name ends in `` >`` is right-aligned."""
    from rich.markup import escape
    from rich.table import Table

    found = Table(title=title, title_justify="left")
    for each in columns:
        found.add_column(each.removesuffix(" >"), justify="right" if each.endswith(" >") else "left", overflow="fold")
    for row in rows:
        found.add_row(*map(escape, row))
    return found
