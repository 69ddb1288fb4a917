"""Put a verified delivery into the landing folder, flushed to disk and by one rename, then into the ledger."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection

from finops.core.atomic import sync_file, sync_folder
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.models import DeliveryRef, FileFacts, digest
from finops.ingest.reading import local_name
from finops.stores.state import ledger
from finops.stores.state.ledger import Delivery, LandedFile, Total

_INCOMING = ".incoming"


@contextmanager
def incoming(settings: Settings, provider: Provider) -> Iterator[Path]:
    """Yield a temporary folder on the landing folder's own disk, so that a rename from it is one step.

    First remove the leftovers of a killed run; the caller holds the provider's lock.
    """
    home = settings.landing_dir / _INCOMING / provider
    shutil.rmtree(home, ignore_errors=True)
    folder = home / uuid.uuid4().hex
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(home, ignore_errors=True)


def describe(ref: DeliveryRef, facts: list[FileFacts]) -> Delivery:
    """Return the ledger row of a delivery. Only the rows of its own billing period count.

    Its id is a digest of provider, source, period, format and contents: the same bytes are the same delivery,
    whatever the files are called and whenever they were written.
    """
    period = str(ref.billing_period)
    contents = digest([ref.provider, ref.source, period, facts[0].format, *sorted(each.sha256 for each in facts)])[:32]
    source = safe_name(ref.source)
    files = tuple(
        LandedFile(
            local_name=local_name(each.file.source_key),
            source_key=each.file.source_key,
            byte_count=each.byte_count,
            sha256=each.sha256,
            row_count=each.row_count(period),
            etag=each.file.etag,
        )
        for each in facts
    )
    totals = tuple(Total(currency, *sums) for currency, sums in sorted(totals_of(facts, period).items()))
    accounts = {group.account for each in facts for group in each.groups if group.period == period}
    return Delivery(
        delivery_id=contents,
        provider=ref.provider,
        source=ref.source,
        format=facts[0].format,
        billing_period=ref.billing_period,
        fingerprint=ref.fingerprint,
        origin=ref.origin,
        produced_at=ref.produced_at,
        landed_at=datetime.now(UTC),
        relative_path=f"provider={ref.provider}/source={source}/billing_period={period}/delivery={contents}",
        row_count=sum(each.row_count for each in files),
        byte_count=sum(each.byte_count for each in files),
        billing_accounts=tuple(sorted(accounts - {""})),
        new_columns=tuple(sorted({name for each in facts for name in each.new_columns})),
        files=files,
        totals=totals,
    )


def totals_of(facts: Iterable[FileFacts], period: str) -> dict[str, tuple[int, Decimal, Decimal]]:
    """Return the row count, source cost and billed cost of one billing period (YYYY-MM), by currency."""
    found: dict[str, tuple[int, Decimal, Decimal]] = {}
    for group in (group for each in facts for group in each.groups if group.period == period):
        rows, source, billed = found.get(group.currency, (0, Decimal(0), Decimal(0)))
        found[group.currency] = (rows + group.row_count, source + group.source_cost, billed + group.billed_cost)
    return found


def land(settings: Settings, folder: Path, delivery: Delivery) -> None:
    """Flush the files of ``folder``, already under their landing names, and rename it to the delivery's place.

    A folder already there has no ledger row (a run was killed in between) or has lost files; the new one replaces it.
    """
    target = settings.landing_dir / delivery.relative_path
    _make_durable(settings.landing_dir, target.parent)
    for each in delivery.files:
        sync_file(folder / each.local_name)
    sync_folder(folder)
    if target.exists():
        shutil.rmtree(target)
    os.rename(folder, target)
    sync_folder(target.parent)


def is_whole(settings: Settings, delivery: Delivery) -> bool:
    """Tell whether every file of a delivery lies in its place with its size."""
    paths = ((settings.landing_dir / delivery.relative_path / each.local_name, each) for each in delivery.files)
    return all(path.is_file() and path.stat().st_size == each.byte_count for path, each in paths)


def record(connection: Connection, delivery: Delivery, ref: DeliveryRef) -> Delivery:
    """Write the ledger row, or the new fingerprint of bytes that are known, and make the delivery current."""
    known = ledger.find(connection, delivery.delivery_id)
    if known is None:
        ledger.record(connection, delivery)
        return delivery
    ledger.remember(connection, known, ref.fingerprint, ref.produced_at)
    ledger.point_at(connection, known)
    return known


def safe_name(text: str) -> str:
    """Return a source's name as a folder name: letters, digits, ``-``, ``_``, ``.``; a hash keeps it unique."""
    kept = "".join(each if each.isascii() and (each.isalnum() or each in "-_.") else "-" for each in text)[:80]
    return kept if kept == text and not kept.startswith(".") else f"{kept.lstrip('.')}-{digest([text])[:8]}"


def _make_durable(home: Path, folder: Path) -> None:
    """Create the folders down to ``folder`` and flush each new entry."""
    missing = [each for each in (folder, *folder.parents) if each.is_relative_to(home) and not each.exists()]
    for each in reversed(missing):
        each.mkdir()
        sync_folder(each.parent)
