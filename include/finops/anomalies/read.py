"""Reads the published tables of incidents."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from finops.anomalies.tables import BY_NAME, CAUSES, INCIDENTS, POINTS
from finops.core.errors import NotReady
from finops.core.settings import Settings
from finops.core.sql import Sql
from finops.stores import published
from finops.stores.published import Publication
from finops.stores.results import published_rows

Row = dict[str, Any]


def version_of(settings: Settings) -> Publication:
    """Return what is published. Raise NotReady before it has incidents."""
    version = published.latest(settings)
    if INCIDENTS not in version.marts:
        raise NotReady("no incidents are published yet; run `finops incidents detect` first")
    return version


def incidents(version: Publication) -> list[Row]:
    """Return every published incident; none before there are any."""
    return rows(version, INCIDENTS)


def causes(version: Publication) -> list[Row]:
    """Return the causes of every incident."""
    return rows(version, CAUSES)


def points(version: Publication) -> list[Row]:
    """Return the charts of every incident."""
    return rows(version, POINTS)


def causes_of(settings: Settings, ident: str) -> list[Row]:
    """Return the published causes of an incident in their order."""
    return sorted(
        (row for row in causes(version_of(settings)) if row["incident_id"] == ident), key=lambda row: row["rank"]
    )


def rows(version: Publication, table: str, months: Collection[str] | None = None) -> list[Row]:
    """Return a table's rows of some months, or all; what is missing is None, moments have no time zone."""
    if table not in version.marts:
        return []
    wanted = version.months_of(table) if months is None else months
    frame = published_rows(version, BY_NAME[table], wanted, but=Sql("false"))
    return [
        {str(name): None if value is None or value != value else value for name, value in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]
