"""Compare two states of a month: pure SQL over two SELECTs, and the proof that nothing is missing from the result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.core.errors import Finding
from finops.core.providers import Provider
from finops.core.sql import Sql, compose, identifier, join
from finops.restatements.models import GRAIN, Amounts, Change, MonthTotal
from finops.stores.snapshots import Snapshot

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SUMS = """
    select
        {grain},
        max(sub_account_name) as sub_account_name,
        sum(billed_cost)::decimal(38, 12) as billed,
        sum(effective_cost)::decimal(38, 12) as effective
    from ({rows}) as daily
    group by {grain}
"""
_CHANGES = """
    with
        before as ({before}),
        after as ({after}),
        compared as (
            select
                {grain},
                coalesce(after.sub_account_name, before.sub_account_name) as sub_account_name,
                coalesce(before.billed, 0)::decimal(38, 12) as billed_before,
                coalesce(after.billed, 0)::decimal(38, 12) as billed_after,
                coalesce(before.effective, 0)::decimal(38, 12) as effective_before,
                coalesce(after.effective, 0)::decimal(38, 12) as effective_after
            from before
            full outer join after using ({grain})
        )
    select
        provider, billing_currency, sub_account_id, sub_account_name, service_name, cost_center, charge_category,
        billed_before, billed_after, effective_before, effective_after
    from compared
    where billed_before <> billed_after or effective_before <> effective_after
    order by
        billing_currency,
        greatest(abs(billed_after - billed_before), abs(effective_after - effective_before)) desc,
        {grain}
"""


def changes(connection: DuckDBPyConnection, before: Sql, after: Sql) -> list[Change]:
    """Return what differs between two SELECTs of daily rows, by currency, the largest change first."""
    grain = join(", ", map(identifier, GRAIN))
    sums = {name: compose(_SUMS, grain=grain, rows=rows) for name, rows in (("before", before), ("after", after))}
    found = connection.execute(compose(_CHANGES, grain=grain, **sums)).fetchall()
    return [
        Change(Provider(provider), currency, account, name, service, center, category, Amounts(*amounts))
        for provider, currency, account, name, service, center, category, *amounts in found
    ]


def totals(before: Sequence[Snapshot], after: Sequence[Snapshot]) -> list[MonthTotal]:
    """Return the month's recorded totals on both sides, by provider and currency."""
    old, new = _recorded(before), _recorded(after)
    nothing = (Decimal(0), Decimal(0))
    found = []
    for key in sorted(old.keys() | new.keys()):
        (billed_before, effective_before) = old.get(key, nothing)
        (billed_after, effective_after) = new.get(key, nothing)
        found.append(MonthTotal(*key, Amounts(billed_before, billed_after, effective_before, effective_after)))
    return found


def require_complete(found: Iterable[Change], month: Iterable[MonthTotal]) -> None:
    """Raise Finding unless the changes sum, per provider and currency, to the change of the recorded totals."""
    sums: dict[tuple[Provider, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for change in found:
        billed_and_effective = sums[change.provider, change.billing_currency]
        billed_and_effective[0] += change.amounts.billed_change
        billed_and_effective[1] += change.amounts.effective_change
    for total in month:
        listed = sums.pop((total.provider, total.billing_currency), [Decimal(0), Decimal(0)])
        recorded = [total.amounts.billed_change, total.amounts.effective_change]
        if listed != recorded:
            raise Finding(
                f"{total.provider} in {total.billing_currency}: the changes found sum to {listed[0]:f} billed and"
                f" {listed[1]:f} effective, their snapshots were recorded with {recorded[0]:f} and {recorded[1]:f};"
                " a file below history/ is not what was written, put it back from a backup"
            )
    for (provider, currency), listed in sums.items():
        if any(listed):
            raise Finding(f"{provider} in {currency}: a file below history/ holds a currency that was not recorded")


def _recorded(snapshots: Sequence[Snapshot]) -> dict[tuple[Provider, str], tuple[Decimal, Decimal]]:
    return {
        (snapshot.provider, total.billing_currency): (total.billed_cost, total.effective_cost)
        for snapshot in snapshots
        for total in snapshot.totals
    }
