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
    filled = join(
        ", ", (compose(template, column=identifier("lines", n), absent=ABSENT, name=identifier(n)) for n in _FILLED)
    )
    kept = Sql(
        "lines.billing_currency, lines.service_name, lines.charge_category, lines.charge_period_start, "
        "lines.charge_period_end, lines.effective_cost, lines.list_cost, lines.pricing_quantity, lines.pricing_unit"
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
    query = """
        {head}, {tags}
        from (
            select lines.*, details.* exclude (x_details_id), coalesce(resources.resource_rules, '') as resource_rules
            from read_parquet({part}, hive_partitioning = false) as lines
            inner join read_parquet({details}, hive_partitioning = false) as details
                on details.x_details_id = lines.x_details_id
            left join read_parquet({resources}, hive_partitioning = false) as resources
                on resources.resource_id = lines.resource_id
        ) as lines
        left join read_parquet({owners}, hive_partitioning = false) as owners
            on owners.x_details_id = lines.x_details_id
            and owners.resource_rules = lines.resource_rules
            and owners.tags is not distinct from lines.tags
            and owners.x_cost_categories is not distinct from lines.x_cost_categories
            and cast(lines.charge_period_start as date) between owners.first_day and owners.last_day
    """
    return compose(
        query,
        head=head,
        tags=tags,
        part=folder / "part.parquet",
        details=folder / "details.parquet",
        owners=folder / OWNERS,
        resources=folder / published.OWNER_RESOURCES,
    )
