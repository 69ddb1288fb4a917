"""Publish a crafted warehouse, as a day's run does, and read what was published."""

from __future__ import annotations

from tests.crafted_warehouse import craft

from finops.core.settings import Settings
from finops.stores.candidate import Verdict, save_verdict
from finops.stores.published import Publication
from finops.transform.publish import publish

JANUARY = [("aws", "2025-01"), ("gcp", "2025-01")]
FEW = ("fct_daily_costs", "mart_chargeback")
"""Marts enough for what is not about their number."""


def make(
    settings: Settings,
    scope: list[tuple[str, str]],
    build_id: str,
    revision: int = 0,
    marts: tuple[str, ...] | None = None,
) -> Publication:
    """Build, pass and publish, as a day's run does."""
    craft(settings, scope, build_id=build_id, revision=revision, lines=60, marts=marts)
    save_verdict(settings, Verdict(build_id, True, (), ()))
    return publish(settings)


def rows(version: Publication, mart: str) -> list[tuple[object, ...]]:
    with version.connect() as connection:
        return connection.execute(f"select * from {mart} order by all").fetchall()
