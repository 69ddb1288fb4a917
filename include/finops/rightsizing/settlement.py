"""What becomes of actions, as it is published: the rows of the two tables, and their page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from finops.core.atomic import write_whole
from finops.core.settings import Settings
from finops.core.sql import compose, identifier
from finops.rightsizing import rule_rows, savings_page, service
from finops.rightsizing.ledger import Saving
from finops.rightsizing.savings_tables import ACTIONS, SAVINGS, rows_of
from finops.rightsizing.tables import FINDINGS
from finops.stores import published
from finops.stores.published import Publication
from finops.stores.results import Results, ResultTable
from finops.stores.state import actions, suppressions
from finops.stores.state.store import open_state

PAGE = "rightsizing/savings.html"


def rows(settings: Settings, savings: Sequence[Saving]) -> Results | None:
    """Return the rows of both tables as actions stand now; None while there is no action."""
    with open_state(settings).connect() as connection:
        every = actions.all_of(connection)
        approvals = {each.action_id: actions.approvals(connection, each.action_id) for each in every}
    return rows_of(savings, every, approvals) if every else None


def write_page(settings: Settings) -> Path:
    """Write the page of what is published; return where it is. Raise NotReady before anything is published.

    The page of findings, where any are published, is written again, so that it leads here.
    """
    version = published.latest(settings)
    with open_state(settings).connect() as connection:
        set_aside = suppressions.set_aside(connection)
    every, savings = _published(version, ACTIONS), _published(version, SAVINGS)
    rules = savings_page.Rules(rule_rows.newest(version), set_aside)
    path = settings.root / PAGE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, savings_page.write(settings, version.build_id, every, savings, rules))
    if FINDINGS.name in version.marts:
        service.write_page(settings)
    return path


def _published(version: Publication, table: ResultTable) -> list[dict[str, Any]]:
    if table.name not in version.marts:
        return []
    with version.connect() as connection:
        found = connection.execute(compose("select * from {name} order by all", name=identifier(table.name)))
        names = [each[0] for each in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
