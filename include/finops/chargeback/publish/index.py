"""``index.html`` above all months: made from the manifests of the sets that readers have, so it can be made again."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from finops.chargeback.statement.sections import total_charged
from finops.core.atomic import write_whole
from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.pages import html, site
from finops.pages.wording import MINUS
from finops.policy import cost_centers
from finops.policy.cost_centers import CostCenters
from finops.stores.statements import AudienceStatement, PublishedStatements, published_periods, read_set

logger = logging.getLogger(__name__)

INDEX = "index.html"
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class _Owner:
    """A cost centre, under its present name, with its statements, the newest month first."""

    cost_center: str
    name: str
    statements: tuple[tuple[PublishedStatements, AudienceStatement], ...]


def write(settings: Settings, target: Path) -> None:
    """Write the index of the months whose statements are under ``target``, whole or not at all.

    A month whose manifest cannot be read is left out, with a warning: the others are to be found all the same.
    """
    links = site.links(settings, "Chargeback statements") if target == settings.statements_dir else []
    months = sorted(_months(target), key=lambda each: each.billing_period, reverse=True)
    values = {"months": months, "owners": _owners(months, cost_centers.load(settings)), "links": links}
    environment = html.environment(_TEMPLATES)
    environment.filters["charged"] = charged
    text = html.render(environment, "statements.html.j2", TOTAL_CHARGED=total_charged.LABEL, **values)
    write_whole(target / INDEX, text)


def charged(statement: AudienceStatement) -> list[str]:
    """Return what a statement charges in all, per currency: ``1,234.50 USD``."""
    return [f"{_amount(each):,} {each['billing_currency']}".replace("-", MINUS) for each in statement.totals]


def _amount(totals: Mapping[str, str]) -> Decimal:
    """Return the total charged; a manifest that does not say it has direct cost and adjustments alone."""
    if (found := totals.get(total_charged.NAME)) is not None:
        return Decimal(found)
    return Decimal(totals["effective_cost"]) + Decimal(totals.get("adjustments_effective_cost", 0))


def _months(target: Path) -> Iterator[PublishedStatements]:
    for period in published_periods(target):
        try:
            yield read_set(target, period)
        except BadInput as error:
            logger.warning("the index leaves out %s: %s", period, error)


def _owners(months: Sequence[PublishedStatements], called: CostCenters) -> list[_Owner]:
    found: dict[str, list[tuple[PublishedStatements, AudienceStatement]]] = {}
    for month in months:
        for each in month.audiences:
            if each.cost_center is not None:
                found.setdefault(each.cost_center, []).append((month, each))
    return [_Owner(owner, called.name_of(owner), tuple(found[owner])) for owner in sorted(found)]
