"""What the rules of ``allocation.yml`` would allocate of what is published: dbt's own models, in a temporary warehouse.

The daily costs of the months asked for are copied out of the published version into a warehouse below a temporary
folder, and dbt runs the models of allocation there. The warehouse and what is published are neither touched nor
waited for.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.core.errors import BadInput, NotReady
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.core.sql import compose, join, literal
from finops.policy import allocation
from finops.policy.allocation import Rules
from finops.policy.allocation.drivers import quantities
from finops.policy.allocation.models import IfNothing
from finops.stores import published
from finops.stores.published import Publication
from finops.transform import allocation_inputs
from finops.transform.inputs import SCOPE_COLUMNS
from finops.transform.parquet_table import write_table

MODELS = ("stg_ops_allocation_drivers", "allocation_drivers", "mart_allocation_sources", "mart_allocated_costs")


@dataclass(frozen=True, slots=True)
class Part:
    """What one cost centre sends (below zero) or receives, in the currency of the bill."""

    cost_center: str
    entry_kind: str
    share: Decimal | None
    billed_cost: Decimal
    effective_cost: Decimal


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one rule allocates of one bill: senders and receivers, largest first."""

    rule_id: str
    rule_version: int
    billing_period: str
    provider: str
    billing_currency: str
    parts: tuple[Part, ...]

    @property
    def senders(self) -> tuple[Part, ...]:
        """Whose cost is allocated out; of a price list, who earns it."""
        return tuple(part for part in self.parts if part.entry_kind == "offset")

    @property
    def receivers(self) -> tuple[Part, ...]:
        """Who is charged, or keeps what could not be divided."""
        return tuple(part for part in self.parts if part.entry_kind in ("pool", "price", "kept"))

    @property
    def is_divided(self) -> bool:
        """Whether there was something to divide by."""
        return all(part.entry_kind != "kept" for part in self.parts)

    @property
    def effective_cost(self) -> Decimal:
        """What is allocated, before markup."""
        return -sum((part.effective_cost for part in self.senders), Decimal(0))


@dataclass(frozen=True, slots=True)
class Trial:
    """What the rules would do to the published bills of these months."""

    build_id: str
    rules: Rules
    billing_periods: tuple[str, ...]
    moves: tuple[Allocation, ...]
    unmatched: tuple[tuple[str, str], ...]
    """(rule, month): rules that are for a month and match nothing in it."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A rule that allocated nothing, or could not be divided, and whether the gate would refuse the build for it."""

    text: str
    is_refused: bool


def findings(trial: Trial) -> list[Remark]:
    """Return what the gate would say of the rules, those that they ask to ignore left out."""
    rules = {rule.id: rule for rule in (*trial.rules.prices, *trial.rules.pools)}
    said = [
        (rules[name].if_empty, f"{name} matches nothing in {month} (if_empty: {rules[name].if_empty})")
        for name, month in trial.unmatched
    ]
    answers = {(pool.id, pool.version): pool.if_indivisible for pool in trial.rules.pools}
    for move in (each for each in trial.moves if not each.is_divided):
        answer = answers[move.rule_id, move.rule_version]
        where = f"{move.billing_period}, {move.provider} {move.billing_currency}"
        kept = f"{move.effective_cost:,.2f} stays where it is (if_indivisible: {answer})"
        said.append((answer, f"{move.rule_id} has nothing to divide by in {where}: {kept}"))
    return [Remark(text, answer is IfNothing.REFUSE) for answer, text in said if answer is not IfNothing.IGNORE]


def check(settings: Settings, periods: Sequence[BillingPeriod] = ()) -> Trial | None:
    """Check the rules, then try them on the published months asked for; without ``periods`` on the newest.

    Return None when nothing is published yet: then the rules alone were checked. Raise BadInput for rules or files
    that cannot be used, or a month that is not published.
    """
    rules = allocation.load(settings)
    try:
        publication = published.latest(settings)
    except NotReady:
        quantities(settings, rules, ())
        return None
    months = _months(publication, periods)
    moves = _moves(settings, publication, rules, months)
    found = {(move.rule_id, move.billing_period) for move in moves}
    unmatched = [
        (rule.id, month)
        for month in months
        for rule in (*rules.prices, *rules.pools)
        if rule.is_active(month) and (rule.id, month) not in found
    ]
    return Trial(publication.build_id, rules, tuple(months), tuple(moves), tuple(unmatched))


def _months(publication: Publication, periods: Sequence[BillingPeriod]) -> list[str]:
    known = publication.billing_periods
    for period in periods:
        if period not in known:
            raise BadInput(f"billing period {period} is not published; there are {', '.join(map(str, known))}")
    return sorted(map(str, periods or known[-1:]))


def _moves(settings: Settings, publication: Publication, rules: Rules, months: list[str]) -> list[Allocation]:
    with tempfile.TemporaryDirectory(prefix="finops-allocation-") as folder:
        kept = {"home": Path(folder), "cache_dir": settings.cache_root}
        scratch = Settings(**{**settings.model_dump(), **kept})
        _prepare(settings, scratch, publication, rules, months)
        rows = run(scratch)
    order = {rule.id: number for number, rule in enumerate((*rules.prices, *rules.pools))}
    by_bill: dict[tuple[str, str, str, str, int], list[Part]] = defaultdict(list)
    for period, rule_id, provider, currency, version, *part in rows:
        by_bill[period, rule_id, provider, currency, version].append(Part(*part))
    moves = [
        Allocation(rule_id, version, period, provider, currency, tuple(sorted(parts, key=_largest_first)))
        for (period, rule_id, provider, currency, version), parts in by_bill.items()
    ]
    return sorted(moves, key=lambda m: (m.billing_period, order[m.rule_id], m.provider, m.billing_currency))


def _largest_first(part: Part) -> tuple[Decimal, str]:
    return -abs(part.effective_cost), part.cost_center


def _prepare(
    settings: Settings, scratch: Settings, publication: Publication, rules: Rules, months: Iterable[str]
) -> None:
    import duckdb

    scratch.warehouse_dir.mkdir(parents=True)
    copy = """
        create schema marts;
        create table marts.fct_daily_costs as select * from ({days}) where billing_period in ({months});
    """
    with duckdb.connect(str(scratch.warehouse_path)) as connection:
        wanted = join(", ", map(literal, months))
        connection.execute(compose(copy, days=publication.mart_sql("fct_daily_costs"), months=wanted))
        bills = connection.execute("select distinct provider, billing_period from marts.fct_daily_costs").fetchall()
    folder = scratch.inputs_dir / "ops"
    folder.mkdir(parents=True)
    write_table(folder / "scope.parquet", SCOPE_COLUMNS, ((*bill, "", False) for bill in bills))
    # The files of quantities are named from the home that the rules are for.
    allocation_inputs.write(folder, rules, quantities(settings, rules, set(months)), set(months))


def run(scratch: Settings) -> list[tuple[Any, ...]]:
    """Run the model in a warehouse that has its inputs, and return what each rule did."""
    import duckdb

    from finops.transform import runner

    runner.run(scratch, ["run", "--select", *MODELS])
    query = """
        select billing_period, rule_id, provider, billing_currency, rule_version,
            cost_center, entry_kind, share, billed_cost, effective_cost
        from marts.mart_allocated_costs where entry_kind <> 'direct'
    """
    with duckdb.connect(str(scratch.warehouse_path), read_only=True) as connection:
        return connection.execute(query).fetchall()
