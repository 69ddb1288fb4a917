"""Take in one delivery: fetch its files, verify the whole set, check that it may become current, land, record."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest import acceptance, landing
from finops.ingest.models import DeliveryRef, FileFacts, Outcome, Rejection, Source
from finops.ingest.preparation import prepare
from finops.ingest.stores.objects import ChangedWhileRead
from finops.ingest.verification.inspection import inspect
from finops.stores.state import held_back, ledger, withdrawals
from finops.stores.state.ledger import Delivery
from finops.stores.state.withdrawals import Withdrawal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LOG = logging.getLogger(__name__)
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Intake:
    """What all deliveries of one run share; ``offered`` is what the origin has, by provider, source and month."""

    settings: Settings
    engine: Engine
    connection: DuckDBPyConnection
    folder: Path
    source: Source
    offered: frozenset[tuple[Provider, str, BillingPeriod]]
    accept_empty: bool
    force: bool = False
    accept_smaller: bool = False

    def take(self, ref: DeliveryRef) -> Delivery | Rejection | None:
        """Verify and land one delivery. None: it is known, by its fingerprint or by its bytes.

        One that was withdrawn is known too, unless ``force``; a current one whose landed files are gone is not.
        """
        if (known := known_as(self.settings, self.engine, ref)) and self._stays_out(known, ref):
            return None
        for number in range(1, _TRIES + 1):
            with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
                try:
                    return self._take_once(ref, Path(scratch) / "delivery")
                except ChangedWhileRead as error:
                    complaint = str(error)
                except BadInput as error:
                    return _rejected(ref, Outcome.QUARANTINED, str(error))
            _LOG.warning("%s (attempt %d of %d)", complaint, number, _TRIES)
            offered = self.source.discover([ref.billing_period]).deliveries
            again = [each for each in offered if (each.provider, each.source) == (ref.provider, ref.source)]
            if not again:
                break
            ref = again[0]
        return _rejected(ref, Outcome.WAITING, f"{complaint}; waits until the export is written to its end")

    def _take_once(self, ref: DeliveryRef, folder: Path) -> Delivery | Rejection | None:
        current, produced_at, others = self._neighbours(ref)
        if reason := acceptance.is_older(ref, current, produced_at):
            return _rejected(ref, Outcome.REFUSED, reason)
        folder.mkdir()
        delivery = landing.describe(ref, self._verify(ref, folder))
        is_current = current is not None and delivery.delivery_id == current.delivery_id
        if not is_current:
            reason = acceptance.refusal(delivery, current, others, accept_empty=self.accept_empty, offered=self.offered)
            if reason is None and ref.is_mixed and current is not None and not self.accept_smaller:
                reason = acceptance.is_smaller(delivery, current, self.settings.smallest_share)
            if reason:
                return _rejected(ref, Outcome.REFUSED, reason)
        with self.engine.begin() as connection:
            has_landed = ledger.find(connection, delivery.delivery_id) is not None
        if has_landed and self._withdrawn(delivery.delivery_id) and self._stays_out(delivery.delivery_id, ref):
            with self.engine.begin() as connection:
                ledger.remember(connection, delivery, ref.fingerprint, ref.produced_at)
            return None
        is_whole = has_landed and landing.is_whole(self.settings, delivery)
        if not is_whole:
            landing.land(self.settings, folder, delivery)
        with self.engine.begin() as connection:
            recorded = landing.record(connection, delivery, ref)
            if has_landed and not is_whole:
                held_back.release(connection, delivery.provider, delivery.billing_period, held_back.BUILD)
        return None if is_current and is_whole else recorded

    def _withdrawn(self, delivery_id: str) -> Withdrawal | None:
        with self.engine.begin() as connection:
            return withdrawals.standing(connection, delivery_id)

    def _stays_out(self, delivery_id: str, ref: DeliveryRef) -> bool:
        """Tell whether a delivery that is known is left as it is; say so where it was withdrawn."""
        withdrawal = self._withdrawn(delivery_id)
        if withdrawal is not None and not self.force:
            _LOG.warning(
                "%s %s %s: what is offered was withdrawn by %s on %s (%s); --force takes it again",
                *(ref.provider, ref.source, ref.billing_period),
                *(withdrawal.withdrawn_by, f"{withdrawal.withdrawn_at:%Y-%m-%d}", withdrawal.reason),
            )
        return withdrawal is None or not self.force

    def _verify(self, ref: DeliveryRef, folder: Path) -> list[FileFacts]:
        fetched = self.source.fetch(ref, folder)
        if not fetched:
            what = f"{ref.provider} {ref.source} {ref.billing_period}"
            raise BadInput(f"{what}: the manifest names no file; have the export written again")
        sizes = {each.key: each.byte_count for each in ref.files}
        for each in fetched:
            expected, actual = sizes.get(each.source_key), each.path.stat().st_size
            if expected is not None and actual != expected:
                raise BadInput(f"{each.source_key}: {actual} bytes, its manifest says {expected}; fetch it again")
        facts = [each.facts or inspect(self.connection, prepare(each), ref.provider, ref.format) for each in fetched]
        _must_agree(ref, facts)
        return facts

    def _neighbours(self, ref: DeliveryRef) -> tuple[Delivery | None, datetime | None, list[Delivery]]:
        """Return the source's current delivery of the period, when it was written, and all others of the period."""
        key = ref.provider, ref.source
        with self.engine.begin() as connection:
            found = ledger.current(connection, period=ref.billing_period)
            current = next((each for each in found if (each.provider, each.source) == key), None)
            produced_at = ledger.produced_at(connection, current.delivery_id) if current else None
        return current, produced_at, [each for each in found if (each.provider, each.source) != key]


def known_as(settings: Settings, engine: Engine, ref: DeliveryRef) -> str | None:
    """Return the id of the delivery that the ledger has seen with this fingerprint: a look-up, no file is read.

    None too for one that is current and whose landed files are gone.
    """
    with engine.begin() as connection:
        known = ledger.seen_as(connection, ref.provider, ref.source, ref.billing_period, ref.fingerprint)
        found = ledger.current(connection, ref.provider, ref.billing_period) if known else []
    is_lost = any(each.delivery_id == known and not landing.is_whole(settings, each) for each in found)
    return None if is_lost else known


def _rejected(ref: DeliveryRef, outcome: Outcome, reason: str) -> Rejection:
    return Rejection(ref.provider, ref.source, ref.billing_period, outcome, reason, ref.fingerprint)


def _must_agree(ref: DeliveryRef, facts: list[FileFacts]) -> None:
    """Check the files of a delivery against each other and against its billing period and row count."""
    if len({each.format for each in facts}) > 1:
        kinds = ", ".join(sorted({f"{each.file.source_key} is {each.format}" for each in facts})[:2])
        raise BadInput(f"{ref.source} {ref.billing_period}: its files are of several formats ({kinds})")
    for each in facts:
        strangers = {group.period for group in each.groups} - {str(ref.billing_period)}
        if strangers and not ref.is_mixed:
            raise BadInput(
                f"{each.file.source_key}: holds rows of billing period {min(strangers)}, "
                f"its manifest says {ref.billing_period}; have the export written again"
            )
    total = sum(each.row_count() for each in facts)
    if ref.row_count is not None and total != ref.row_count:
        raise BadInput(f"{ref.source} {ref.billing_period}: {total:,} rows, its manifest says {ref.row_count:,}")
