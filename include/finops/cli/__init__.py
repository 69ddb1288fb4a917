"""``finops``: what a person does outside Airflow. One module per command; heavy imports happen inside commands.

Exit status: 0 done, 1 a finding, 2 bad use or input (one clear line on standard error).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Annotated, NoReturn, TextIO, cast

import typer
from typer.exceptions import Abort, TyperException

from finops.core import log, redaction
from finops.core.errors import FinopsError
from finops.core.machine import one_line_errors
from finops.core.redaction import Redacting
from finops.core.text import shown

os.environ.setdefault("DO_NOT_TRACK", "1")

app = typer.Typer(
    name="finops",
    help="Cloud bills to FOCUS, marts and statements.",
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Say what is done; twice: say everything.")
    ] = 0,
) -> None:
    """Cloud bills to FOCUS, marts and statements."""
    log.configure(verbose)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run a command; turn an expected failure, and any of the machine, into one line and its status.

    No secret leaves it.
    """
    redaction.know(sys.argv[1:])
    redaction.know_environment(os.environ)
    # Figures may look like anything, so that only known secrets are taken out of standard output.
    sys.stdout = cast("TextIO", Redacting(sys.stdout, fully=False))
    sys.stderr = cast("TextIO", Redacting(sys.stderr, fully=True))
    try:
        with one_line_errors():
            sys.exit(_commands()(standalone_mode=False))
    except BrokenPipeError:
        # Whoever read the output has ended; Python must not complain of it once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except FinopsError as error:
        _end(str(error), error.exit_status)
    except TyperException as error:
        _end(f"{' '.join(error.format_message().split())} (finops --help says more)", error.exit_code)
    except Abort:
        _end("interrupted; what was finished stays, run it again for the rest", 130)


@cache
def _commands() -> Callable[..., int | None]:
    # Made of some hundred functions: a process that runs two commands makes it once.
    return typer.main.get_command(app)


def _end(line: str, status: int) -> NoReturn:
    sys.stderr.write(f"finops: {shown(line, 4000)}\n")
    sys.exit(status)


# Each module registers its command on ``app``; one name a line, in the order the help shows them.
for _command in (
    "init",
    "config",
    "doctor",
    "sample",
    "ingest",
    "telemetry",
    "build",
    "kpis",
    "review",
    "budgets",
    "budget_gate",
    "incidents",
    "rightsizing",
    "deliveries",
    "status",
    "state",
    "backup",
    "allocation",
    "chargeback",
    "explain",
    "tags",
    "invoices",
    "deliver",
    "notify",
    "serve",
    "journal",
    "reconcile",
    "diff",
    "conformance",
    "export",
    "forecast",
    "anomalies",
):
    import_module(f"finops.cli.{_command}")
