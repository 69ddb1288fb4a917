"""What a published version holds behind the lines of statements: charges of the bills, entries of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.core.formats import Provider
from finops.core.money import exact_arithmetic
from finops.core.periods import BillingPeriod
from finops.core.sql import Sql, compose, identifier, join
from finops.stores import published
from finops.stores.published import Publication

COLUMNS = (
    "charge_period_start",
    "charge_period_end",
    "billing_account_id",
    "sub_account_id",
    "resource_id",
    "region_id",
    "service_name",
    "sku_id",
    "charge_category",
    "charge_description",
    "invoice_id",
    "cost_center",
    "effective_cost",
    "billed_cost",
)
"""What is listed of a charge; ``cost_center`` is whose it is by tag."""

_OF_TAGS = ("cost_center", "ai_project", "ai_model", "ai_stage", "environment")


@dataclass(frozen=True, slots=True)
class Source:
    """Something that a line is made of, with its part of the line's amounts.

    ``what`` it is: a charge, an entry that a rule made, or a quantity that has a price; ``row`` describes it.
    """

    what: str
    row: dict[str, Any]
    effective_part: Decimal
    billed_part: Decimal


def charges(
    publication: Publication, period: BillingPeriod, provider: str, wanted: Sql, factor: Decimal
) -> list[Source]:
    """Return the charges of a bill for which ``wanted`` holds of the daily mart's columns."""
    folder = publication.partition(Provider(provider), period)
    daily = ("sub_account_id", "sub_account_name", "region_id", "charge_class", "pricing_category")
    absent = [
        compose("coalesce({name}, '(none)') as {name}", name=identifier(n))
        for n in (*daily, "commitment_discount_status")
    ]
    resolved = [
        compose("coalesce(owners.{name}, {absent}) as {name}", name=identifier(n), absent=_absent(n)) for n in _OF_TAGS
    ]
    query = """
        with lines as (
            select lines.*, coalesce(resources.resource_rules, '') as resource_rules
            from read_parquet({part}, hive_partitioning = false) as lines
            left join read_parquet({resources}, hive_partitioning = false) as resources
                on resources.resource_id = lines.resource_id
        ),

        charges as (
            select lines.* exclude (tags, x_cost_categories, resource_rules), details.* exclude (x_details_id),
                {resolved}, owners.has_required_tags, {provider} as provider, {period} as billing_period
            from lines
            inner join read_parquet({details}, hive_partitioning = false) as details
                on details.x_details_id = lines.x_details_id
            left join read_parquet({owners}, hive_partitioning = false) as owners
                on owners.x_details_id = lines.x_details_id
                and owners.resource_rules = lines.resource_rules
                and owners.tags is not distinct from lines.tags
                and owners.x_cost_categories is not distinct from lines.x_cost_categories
                and cast(lines.charge_period_start as date) between owners.first_day and owners.last_day
        )

        select {columns} from (select * replace ({absent}) from charges) where {wanted} order by all
    """
    sql = compose(
        query,
        part=folder / "part.parquet",
        details=folder / "details.parquet",
        owners=folder / published.OWNERS,
        resources=folder / published.OWNER_RESOURCES,
        resolved=join(", ", resolved),
        absent=join(", ", absent),
        provider=provider,
        period=str(period),
        columns=join(", ", map(identifier, COLUMNS)),
        wanted=wanted,
    )
    return _rows(publication, sql, "charge", factor)


def _absent(column: str) -> str:
    return UNALLOCATED if column == "cost_center" else ABSENT


def entries(
    publication: Publication, period: BillingPeriod, provider: str, wanted: Sql, factor: Decimal
) -> list[Source]:
    """Return the entries of a bill, direct ones apart, for which ``wanted`` holds."""
    query = """
        select rule_id, rule_version, entry_kind, cost_center, counterpart, effective_cost, billed_cost
        from mart_allocated_costs
        where billing_period = {period} and provider = {provider} and entry_kind <> 'direct' and {wanted}
        order by all
    """
    sql = compose(query, period=str(period), provider=provider, wanted=wanted)
    return _rows(publication, sql, "entry", factor)


def _rows(publication: Publication, sql: Sql, what: str, factor: Decimal) -> list[Source]:
    with publication.connect() as connection, exact_arithmetic():
        result = connection.execute(sql)
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        return [Source(what, row, row["effective_cost"] * factor, row["billed_cost"] * factor) for row in rows]
