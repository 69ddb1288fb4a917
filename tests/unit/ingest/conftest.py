"""A home, an origin and a short way to ingest from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.models import IngestReport
from finops.ingest.service import ingest
from finops.stores.state import ledger
from finops.stores.state.ledger import Delivery
from finops.stores.state.store import open_state

Ingest = Callable[..., IngestReport]


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """Where the cloud's exports lie."""
    folder = tmp_path / "origin"
    folder.mkdir()
    return folder


@pytest.fixture
def take(settings: Settings, origin: Path) -> Ingest:
    """Ingest from the origin, AWS unless said otherwise."""

    def _take(provider: Provider = Provider.AWS, uri: Path = origin, **options: object) -> IngestReport:
        return ingest(settings, provider, str(uri), **options)  # type: ignore[arg-type]

    return _take


@pytest.fixture
def current(settings: Settings) -> Callable[[], list[Delivery]]:
    """The current deliveries, each proven to lie whole in the landing folder."""

    def _current() -> list[Delivery]:
        with open_state(settings).begin() as connection:
            found = ledger.current(connection)
        for delivery in found:
            folder = settings.landing_dir / delivery.relative_path
            assert {each.local_name: each.byte_count for each in delivery.files} == {
                path.name: path.stat().st_size for path in folder.iterdir()
            }
        return found

    return _current
