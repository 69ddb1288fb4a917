"""Charges of the FOCUS fact with the values that the build resolved from their tags, as the daily costs have them.

A partition that keeps no owners (a fact stored by an older release) has the values of its columns alone.
"""

from __future__ import annotations

from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.core.sql import Sql, compose, identifier, join
from finops.stores import published
from finops.stores.published import FACT, OWNERS, Publication

_OF_TAGS = ("cost_center", "ai_project", "ai_model", "owner")
_FILLED = ("sub_account_id", "region_id", "charge_class", "resource_id", "sku_id", "sku_meter")


def resolved(version: Publication, partition: str) -> Sql:
    """Return the SELECT of the lines of ``provider/YYYY-MM`` with ``billing_currency``, dimensions, SKU and owner."""
    provider, period = partition.split("/")
    folder = version.path / FACT / f"provider={provider}" / f"billing_period={period}"
    absent = {name: UNALLOCATED if name == "cost_center" else ABSENT for name in _OF_TAGS}
    template = "coalesce({column}, {absent}) as {name}"
    filled = join(", ", (compose(template, column=identifier(n), absent=ABSENT, name=identifier(n)) for n in _FILLED))
    kept = Sql(
        "billing_currency, service_name, charge_category, charge_period_start, charge_period_end, effective_cost, "
        "list_cost, pricing_quantity, pricing_unit"
    )
    head = compose("select {provider} as provider, {kept}, {filled}", provider=provider, kept=kept, filled=filled)
    if not (folder / OWNERS).exists():
        names = ", ".join(f"'{absent[n]}' as {n}" for n in _OF_TAGS)
        reader = published.reader_sql(version.path / FACT)
        query = "{head}, {names} from ({reader}) as lines where provider = {provider} and billing_period = {period}"
        return compose(query, head=head, names=Sql(names), reader=reader, provider=provider, period=period)
    tags = join(
        ", ",
        (compose(template, column=identifier("owners", n), absent=absent[n], name=identifier(n)) for n in _OF_TAGS),
    )
    return compose("{head}, {tags} from {owned}", head=head, tags=tags, owned=published.join_owners(folder))
