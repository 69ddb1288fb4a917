"""Reads what is published of commitments, and of the machines that they could cover."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from finops.rightsizing.read import COSTS, INVENTORY, rows_of
from finops.rightsizing.rules.commitments import Commitment, Ending
from finops.rightsizing.window import Window

COMMITMENTS = "mart_commitments"


def commitments(window: Window) -> list[Commitment]:
    """Return the last known month's commitments by kind."""
    query = """
        select provider, billing_currency, commitment_type, used_cost, unused_cost, commitment_savings_rate,
            utilization
        from ({rows}) order by all
    """
    scale = window.scale()
    return [
        Commitment(provider, currency, kind, used * scale, unused * scale, *others)
        for provider, currency, kind, used, unused, *others in window.rows(query, "mart_commitment_kpis")
    ]


def endings(window: Window) -> list[Ending]:
    """Return the commitments of the last known month whose bill says when they end."""
    query = """
        select provider, billing_currency, commitment_discount_id, coalesce(commitment_discount_type, 'commitment'),
            used_cost + unused_cost, expires_on
        from ({rows}) where expires_on is not null order by all
    """
    scale = window.scale()
    return [
        Ending(provider, currency, ident, kind, (cost * scale).quantize(Decimal("1e-12")), expires_on)
        for provider, currency, ident, kind, cost, expires_on in window.rows(query, COMMITMENTS)
    ]


def ends(window: Window) -> dict[tuple[str, str], date]:
    """Return when commitments of the window end, by (provider, commitment)."""
    query = """
        select provider, commitment_discount_id, max(expires_on) from ({rows})
        where expires_on is not null group by all
    """
    found = window.rows(query, COMMITMENTS, window.since)
    return {(provider, ident): expires_on for provider, ident, expires_on in found}


def floors(window: Window) -> dict[tuple[str, str], tuple[int, Decimal]]:
    """Return what machines cost on demand on the least of the days looked at, by (provider, currency)."""
    days = window.rules.commitments.floor_days
    first = window.run_date - timedelta(days=days)
    machines = rows_of(window.version, INVENTORY, first, window.last)
    if machines is None:
        return {}
    query = """
        with days as (
            select c.provider, c.billing_currency, c.charge_date, sum(c.on_demand_cost) as cost from ({rows}) as c
            semi join (select provider, resource_id from ({machines}) where resource_type = 'machine') as m
                using (provider, resource_id)
            where c.charge_date >= {earliest}::date and c.charge_date < {run_date}::date group by all
        )
        select provider, billing_currency, count(*), min(cost) from days group by all
    """
    found = window.rows(query, COSTS, first, machines=machines, earliest=str(first))
    return {(provider, currency): (count, least) for provider, currency, count, least in found if least}
