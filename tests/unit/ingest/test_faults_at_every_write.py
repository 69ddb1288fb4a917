"""The disk is full at any write while a bill lands: it has landed whole or not at all, and the next run lands it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tests.failing_writes import failing_after
from tests.unit.ingest.native_bills import csv_bytes, put, rows

from finops.core.errors import FinopsError
from finops.core.formats import SourceFormat
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.landing import is_whole
from finops.ingest.service import ingest
from finops.stores.state import ledger
from finops.stores.state.ledger import Delivery
from finops.stores.state.store import open_state


def landed(settings: Settings) -> list[Delivery]:
    with open_state(settings).begin() as connection:
        return ledger.current(connection)


def test_a_full_disk_at_any_write_lands_a_bill_whole_or_not_at_all(tmp_path: Path) -> None:
    bill = put(tmp_path / "bill.csv", csv_bytes(rows(SourceFormat.AWS_CUR2, ["1", "2"])))
    writes, has_failed = 0, True
    while has_failed:
        settings = Settings(home=tmp_path / str(writes))
        with failing_after(writes, settings.root) as disk:
            with suppress(FinopsError):
                ingest(settings, Provider.AWS, str(bill), no_manifest=True)
            has_failed = disk.left is None
        assert all(is_whole(settings, each) for each in landed(settings))
        ingest(settings, Provider.AWS, str(bill), no_manifest=True)
        (delivery,) = landed(settings)
        assert is_whole(settings, delivery)
        found = {path for path in settings.landing_dir.rglob("*") if path.is_file() and path.suffix != ".lock"}
        assert found == {settings.landing_dir / delivery.relative_path / each.local_name for each in delivery.files}
        writes += 1
    assert writes > 5
