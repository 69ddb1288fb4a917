"""The query over one provider's billing period: everything the report needs, in one pass.

Rows are grouped by what is wrong with them and nothing else. What is known becomes null in the key, so that there are
as many groups as combinations of unknown things, however many rows there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from finops.conformance.applicability import APPLICABILITY
from finops.conformance.units import UNIT_FORMAT
from finops.core.focus import COLUMNS, KNOWN_ADJUSTMENTS
from finops.core.sql import Sql, compose, identifier, join, literal


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one provider and billing period that share a key; the counts are in the order of ``APPLICABILITY``."""

    provider: str
    billing_currency: str
    service: str | None
    pricing_unit: str | None
    consumed_unit: str | None
    line_type: str | None
    repairs: str | None
    rows: int
    billed_cost: Decimal
    applicable: tuple[int, ...]
    filled: tuple[int, ...]


def query(fact: Sql, services: Sql, units: Sql) -> Sql:
    """Return the query. ``services`` and ``units`` are files: the seeds that say what is known."""
    snake = {column.name: column.snake for column in COLUMNS}
    count = "count(*) filter ({where}), count({column}) filter ({where})"
    counts = [compose(count, where=Sql(e.where), column=identifier(snake[e.column])) for e in APPLICABILITY]
    return compose(
        """
        with services as (select distinct service_name from read_csv({services}, all_varchar = true)),
        units as (select lower(native_unit) as spelling, focus_unit from read_csv({units}, all_varchar = true))
        select
            billing_currency,
            case when service_category = 'Other' and service_name not in (from services) then service_name end,
            case when {pricing_unit} then pricing_unit end,
            case when {consumed_unit} then consumed_unit end,
            case when charge_category = 'Adjustment' and x_charge_type not in ({known}) then x_charge_type end,
            x_source_changes,
            count(*),
            sum(billed_cost),
            {counts}
        from ({fact})
        group by 1, 2, 3, 4, 5, 6
        """,
        services=services,
        units=units,
        known=join(", ", map(literal, KNOWN_ADJUSTMENTS)),
        pricing_unit=is_odd("pricing_unit"),
        consumed_unit=is_odd("consumed_unit"),
        counts=join(", ", counts),
        fact=fact,
    )


def is_odd(unit: str) -> Sql:
    """Whether a unit is out of FOCUS's format, or one that the seed spells otherwise, whatever number stands before it.

    What is counted is free in FOCUS, so a unit that the seed does not have is right (``DBU-Hours``), and so is the
    currency in which a spend was committed.
    """
    plain = compose("regexp_replace({unit}, '^[0-9]+ ', '')", unit=Sql(unit))
    return compose(
        "(not regexp_full_match({unit}, {form})"
        " or (lower({plain}) in (select spelling from units) and {plain} not in (select focus_unit from units)"
        " and not coalesce({plain} in (billing_currency, coalesce(pricing_currency, billing_currency)), false)))",
        unit=Sql(unit),
        plain=plain,
        form=UNIT_FORMAT,
    )


def group(provider: str, row: tuple[Any, ...]) -> Group:
    """Read one row of the query: six keys, rows and cost, then two counts per rule."""
    values: tuple[Any, ...] = (provider, *row[:8], row[8::2], row[9::2])
    return Group(*values)
