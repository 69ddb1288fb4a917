"""Closed months as they are kept: the record in the state store, and the files beside it, which hold each other.

A month's folder is written whole under a hidden name, then its record is committed, then the folder gets its place. The
folder holds the record too, so that a lost state store opens no month again: while a folder has no record there, nobody
publishes or closes, and ``finops state adopt`` writes the record anew from the folder.
"""

from __future__ import annotations

import os
from collections.abc import Container
from contextlib import suppress
from pathlib import Path

from finops.core.atomic import sha256_of, sync_folder, write_whole
from finops.core.errors import BadInput, Finding
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores.state import closing
from finops.stores.state.closing import ClosedPeriod
from finops.stores.state.store import open_state

CHARGES = "charges.parquet"
"""A closed month's rows of ``mart_chargeback``."""
ALLOCATED = "allocated.parquet"
"""What the rules for shared cost allocated in it; months that older releases closed have none."""
RECORD = "record.json"
"""The record of the close, as the state store has it."""


def closed_months(settings: Settings) -> dict[BillingPeriod, ClosedPeriod]:
    """Return the closed months, in their order. Raise Finding when there are files of one that has no record."""
    with open_state(settings).connect() as connection:
        months = closing.closed_periods(connection)
    for record in months.values():
        settle(settings, record)
    if lost := unrecorded(settings, months):
        raise Finding(
            f"{settings.closed_dir} holds {', '.join(map(str, lost))} as closed, and the state store knows nothing of "
            "it; put the state store back from a backup, or run `finops state adopt`"
        )
    return months


def unrecorded(settings: Settings, recorded: Container[BillingPeriod]) -> list[BillingPeriod]:
    """Return the months that have files of a close and no record of it, in their order."""
    found = (BillingPeriod.parse(each.name.partition("=")[2]) for each in settings.closed_dir.glob("billing_period=*"))
    return sorted(each for each in found if each not in recorded)


def settle(settings: Settings, record: ClosedPeriod) -> None:
    """Give a recorded month's folder its place where the close was killed before that, and its record where none is."""
    final, written = folder_of(settings, record.billing_period), unsettled_folder(settings, record.billing_period)
    if not final.exists() and written.exists():
        with suppress(FileNotFoundError):  # Another process was faster.
            os.rename(written, final)
        sync_folder(settings.closed_dir)
    if final.exists() and not (final / RECORD).exists():
        write_record(final, record)


def write_record(folder: Path, record: ClosedPeriod) -> None:
    """Write the record beside the files of its month."""
    write_whole(folder / RECORD, closing.to_json(record) + "\n")


def read_record(settings: Settings, period: BillingPeriod) -> ClosedPeriod:
    """Return the record beside the files of a month. Raise BadInput when there is none that can be read."""
    path = folder_of(settings, period) / RECORD
    try:
        return closing.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{path} is missing: an earlier release closed {period}; put the state store back") from None
    except (ValueError, TypeError, KeyError):
        raise BadInput(f"{path} is damaged; put it back from a backup") from None


def folder_of(settings: Settings, period: BillingPeriod) -> Path:
    """Return where a closed month's files are."""
    return settings.closed_dir / f"billing_period={period}"


def unsettled_folder(settings: Settings, period: BillingPeriod) -> Path:
    """Return where the files of a month are until its close is recorded."""
    return settings.closed_dir / f".closing-{period}"


def verified(settings: Settings, closed: ClosedPeriod, name: str) -> Path:
    """Return where a frozen file is. Raise Finding when it is not what was recorded."""
    path = folder_of(settings, closed.billing_period) / name
    return as_recorded(closed, path, sha256_of(path) if path.exists() else "missing", closed.frozen[name])


def as_recorded(closed: ClosedPeriod, path: Path, found: str, recorded: str) -> Path:
    """Return ``path``. Raise Finding when its digest is not the one recorded of it."""
    if found != recorded:
        raise Finding(
            f"{path} is not what was recorded when {closed.billing_period} was closed ({found[:12]}, not "
            f"{recorded[:12]}); put it back from a backup"
        )
    return path
