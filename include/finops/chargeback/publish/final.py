"""The final statements of a closed month: proven to be those of its record, and put back where readers look."""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path

from finops.chargeback.close.months import ClosedMonths
from finops.chargeback.publish import sets
from finops.chargeback.publish.models import StatementSet
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores import closed_files
from finops.stores.state.closing import ClosedPeriod


def kept_statements(settings: Settings, record: ClosedPeriod) -> Path:
    """Return the folder of a closed month's final statements. Raise Finding when they are not what was recorded."""
    kept = closed_files.folder_of(settings, record.billing_period) / "statements"
    found = sets.digest_of(kept) if kept.is_dir() else "missing"
    return closed_files.as_recorded(record, kept, found, record.statements_digest)


def put_back(settings: Settings, months: ClosedMonths, period: BillingPeriod, target: Path) -> StatementSet:
    """Return a closed month's statements under ``target``; what is there already and is the same stays untouched."""
    record = months[period]
    kept = kept_statements(settings, record)
    link = sets.link_of(target, period)
    if not (link.is_symlink() and _is_same(kept, link)):
        with sets.replacing_set(target, period) as folder:
            shutil.copytree(kept, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
            sets.flush(folder)
    closed_by = f"{period} was closed by {record.closed_by}, {closed_at(record)}"
    notice = f"{closed_by}: its statements are final and stay as they are"
    return sets.described(link, sets.manifest_of(kept), notice=notice)


def _is_same(kept: Path, link: Path) -> bool:
    here, there = ({p.relative_to(f) for p in f.rglob("*") if p.is_file()} for f in (kept, link.resolve()))
    return here == there and all(filecmp.cmp(kept / name, link.resolve() / name, shallow=False) for name in here)


def closed_at(record: ClosedPeriod) -> str:
    """Return when a month was closed, for people."""
    return f"{record.closed_at:%Y-%m-%d %H:%M} UTC"
