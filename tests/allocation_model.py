"""What allocation means, a second time: rule by rule, in Decimal, with loops. Slow, short, and not the SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext

from finops.core.dimensions import UNALLOCATED
from finops.policy.allocation import Rules
from finops.policy.allocation.drivers import Quantity
from finops.policy.allocation.models import Even, Fixed, Pool, Telemetry

UNIT = Decimal("1e-12")
Key = tuple[str, str, str]
Pair = tuple[Decimal, Decimal]
Entry = tuple[Key, str, str, str, int]
"""Bill, cost centre, kind, rule, version."""


@dataclass(frozen=True)
class Row:
    """A row of the daily costs."""

    billing_period: str
    provider: str
    billing_currency: str
    cost_center: str
    service_category: str
    charge_category: str
    billed_cost: Decimal
    effective_cost: Decimal

    @property
    def key(self) -> Key:
        return self.billing_period, self.provider, self.billing_currency


def allocate(rows: Sequence[Row], rules: Rules, quantities: Sequence[Quantity]) -> dict[Entry, Pair]:
    """Return every entry but those that are zero."""
    with localcontext() as context:
        context.prec = 80
        found: dict[Entry, Pair] = {}
        for key in {row.key for row in rows}:
            found |= _Bill(key, [row for row in rows if row.key == key], rules, quantities).run()
        return {entry: pair for entry, pair in found.items() if any(pair)}


class _Bill:
    def __init__(self, key: Key, rows: list[Row], rules: Rules, quantities: Sequence[Quantity]) -> None:
        self.key, self.rows, self.rules = key, rows, rules
        self.quantities = [q for q in quantities if q.billing_period == key[0] and q.provider in (None, key[1])]
        self.entries: dict[Entry, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
        self.taken: set[int] = set()
        self.taker = [next((n for n, p in enumerate(rules.pools) if self._takes(p, row)), None) for row in rows]

    def run(self) -> dict[Entry, Pair]:
        for row in self.rows:
            self._add(row.cost_center, "direct", None, (row.billed_cost, row.effective_cost))
        for price in self.rules.prices:
            if price.is_active(self.key[0]) and (price.provider, price.currency) == self.key[1:]:
                for center in {q.cost_center for q in self.quantities} - {price.cost_center}:
                    amount = _round(self._quantity(price.driver, center) * price.rate)
                    self._add(center, "price", price, (amount, amount))
                    self._add(price.cost_center, "offset", price, (-amount, -amount))
        for number in range(len(self.rules.pools)):
            self._run_pool(number)
        return {entry: (pair[0], pair[1]) for entry, pair in self.entries.items()}

    def _add(self, center: str, kind: str, rule: object, pair: Pair) -> None:
        name, version = (rule.id, rule.version) if rule else ("(none)", 0)
        kept = self.entries[self.key, center, kind, name, version]
        kept[0] += pair[0]
        kept[1] += pair[1]

    def _takes(self, pool: Pool, row: Row) -> bool:
        return pool.is_active(row.billing_period) and all(
            (getattr(row, column) in condition.values) is not condition.negated
            for column, condition in self.rules.selection_of(pool).items()
        )

    def _quantity(self, driver: str, center: str) -> Decimal:
        return sum((q.quantity for q in self.quantities if (q.driver, q.cost_center) == (driver, center)), Decimal(0))

    def _balance(self, center: str) -> Pair:
        pairs = [pair for (_, name, *_), pair in self.entries.items() if name == center]
        return sum((p[0] for p in pairs), Decimal(0)), sum((p[1] for p in pairs), Decimal(0))

    def _drained(self, pools: Sequence[Pool]) -> set[str]:
        found = set()
        for pool in (each for each in pools if self.rules.stepped_down_by(each)):
            others = {k: v for k, v in self.rules.selection_of(pool).items() if k != "cost_center"}
            values = {"provider": self.key[1], "billing_currency": self.key[2]}
            if pool.is_active(self.key[0]) and all((values[c] in v.values) is not v.negated for c, v in others.items()):
                found |= set(self.rules.stepped_down_by(pool))
        return found

    def _run_pool(self, number: int) -> None:
        pool = self.rules.pools[number]
        sources = self._sources(number)
        total = tuple(sum((pair[i] for pair in sources.values()), Decimal(0)) for i in (0, 1))
        weights = self._weights(pool, self._drained(self.rules.pools[: number + 1])) if sources else {}
        for center, pair in sources.items():
            self._add(center, "offset", pool, (-pair[0], -pair[1]))
            if not weights:
                self._add(center, "kept", pool, pair)
        if not weights:
            return
        order = sorted(weights, key=lambda name: (-weights[name], name))
        whole = sum(weights.values())
        shares = {name: (weights[name] / whole).quantize(UNIT, rounding=ROUND_FLOOR) for name in order}
        shares[order[0]] += 1 - sum(shares.values())
        parts = []
        for each in total:
            part = {name: _round(each * shares[name]) for name in order}
            part[order[0]] += each - sum(part.values())
            parts.append(part)
        for name in order:
            self._add(name, "pool", pool, (parts[0][name], parts[1][name]))
            if pool.markup:
                billed, effective = (_round(part[name] * pool.markup.percent / 100) for part in parts)
                self._add(name, "markup", pool, (billed, effective))
                self._add(pool.markup.to, "markup_offset", pool, (-billed, -effective))

    def _sources(self, number: int) -> dict[str, Pair]:
        pool = self.rules.pools[number]
        if self.rules.stepped_down_by(pool):
            found = {center: self._balance(center) for center in self._drained([pool])}
        else:
            sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
            for row, taker in zip(self.rows, self.taker, strict=True):
                if taker == number:
                    sums[row.cost_center][0] += row.billed_cost
                    sums[row.cost_center][1] += row.effective_cost
            found = {center: (pair[0], pair[1]) for center, pair in sums.items()}
        return {center: pair for center, pair in found.items() if any(pair)}

    def _weights(self, pool: Pool, drained: set[str]) -> dict[str, Decimal]:
        split = pool.split
        if isinstance(split, Fixed):
            weights = dict(split.shares)
        else:
            weights = self._measured(split)
            among = weights.keys() - {UNALLOCATED} if split.among is None else set(split.among)
            weights = {name: w for name, w in weights.items() if name in among - set(split.leave_out)}
        return {name: w for name, w in weights.items() if w > 0 and name not in drained}

    def _measured(self, split: object) -> dict[str, Decimal]:
        own: dict[str, Decimal] = defaultdict(Decimal)
        basis: dict[str, Decimal] = defaultdict(Decimal)
        selection = self.rules.selections.get(getattr(split, "to", ""), {})
        for row, taker in zip(self.rows, self.taker, strict=True):
            is_own = taker is None or self.rules.stepped_down_by(self.rules.pools[taker])
            own[row.cost_center] += row.effective_cost if is_own else 0
            if all((getattr(row, c) in v.values) is not v.negated for c, v in selection.items()):
                basis[row.cost_center] += row.effective_cost
        if isinstance(split, Telemetry):
            return {q.cost_center: self._quantity(split.driver, q.cost_center) for q in self.quantities}
        if isinstance(split, Even):
            if split.among is not None:
                return dict.fromkeys(split.among, Decimal(1))
            return {name: Decimal(1) for name, amount in own.items() if amount > 0}
        if split.to == "charged":
            return {name: self._balance(name)[1] for name in {entry[1] for entry in self.entries}}
        return own if split.to == "direct" else basis


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(UNIT, rounding=ROUND_HALF_UP)
