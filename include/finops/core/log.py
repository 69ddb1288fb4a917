"""Logging for commands: one line per event on standard error; Airflow keeps its own handlers."""

from __future__ import annotations

import logging

from finops.core.redaction import redact


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(f"finops: {record.levelname.lower()}: {record.getMessage()}")


def configure(verbosity: int = 0) -> None:
    """Send the log to standard error: ours from warnings on, with -v from information on, with -vv everything.

    Libraries speak only with -vv: what they warn of is ours to explain.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine())
    if verbosity < 2:
        # On the handler: some libraries set the level of their loggers themselves.
        handler.addFilter(lambda record: record.name.startswith("finops") or record.levelno >= logging.ERROR)
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG)
    logging.basicConfig(level=level, handlers=[handler], force=True)
