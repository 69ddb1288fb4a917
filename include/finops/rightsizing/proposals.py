"""The findings that actions are planned from, as they are published, with the tags that their resources have."""

from __future__ import annotations

from datetime import date
from typing import Any

from finops.core.errors import BadInput, NotReady
from finops.core.settings import Settings
from finops.rightsizing.rows import last_run, of_date
from finops.stores import published

_FINDINGS, _INVENTORY = "mart_findings", "mart_resource_inventory"


def rows(settings: Settings, run_date: date | None = None) -> list[dict[str, Any]]:
    """Return the rows of ``mart_findings`` of a run date, the newest without one; each with ``tags``, JSON as text.

    The newest may have found nothing, and then there are none.

    Raise NotReady before findings are published, BadInput for a run date that has none.
    """
    version = published.latest(settings)
    if _FINDINGS not in version.marts:
        raise NotReady("no findings are published yet; the DAG rightsize_resources publishes them")
    read = of_date(version, run_date or last_run(version))
    with version.connect() as connection:
        tags = {}
        if _INVENTORY in version.marts:
            query = """
                select provider, resource_id, tags from mart_resource_inventory
                qualify row_number() over (
                    partition by provider, resource_id order by billing_period desc, billing_currency
                ) = 1
            """
            tags = {(provider, ident): text for provider, ident, text in connection.execute(query).fetchall()}
    if run_date is not None and not read:
        raise BadInput(f"no findings of {run_date} are published; `finops rightsizing plan` shows the newest")
    return [{**row, "tags": tags.get((row["provider"], row["resource_id"])) or "{}"} for row in read]
