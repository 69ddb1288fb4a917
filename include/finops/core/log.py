"""Logging for commands: one line per event on standard error; Airflow keeps its own handlers."""

from __future__ import annotations

import logging


def configure(verbosity: int = 0) -> None:
    """Send the package's log to standard error: warnings, with -v information, with -vv everything."""
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG)
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
