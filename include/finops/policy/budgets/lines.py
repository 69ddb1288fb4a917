"""From the file to the budgets that are evaluated: what a child has from its parent, and its scope within that."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import cost_centers
from finops.policy.budgets import checks, scopes
from finops.policy.budgets.calendar import Per
from finops.policy.budgets.entries import FILE, Budget, File, KpiEntry, Node, check_cost_centers
from finops.policy.budgets.mirrors import Mirror
from finops.policy.budgets.models import ActionRule, Line, Measure, Scope, Threshold
from finops.policy.loader import load as load_file
from finops.policy.located_yaml import Located, Place

if TYPE_CHECKING:
    from finops.policy.cost_centers import CostCenters

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Configured:
    """All budgets, parents before their children, what is worth a look, and the clouds that mirror some of them."""

    lines: tuple[Line, ...]
    warnings: tuple[str, ...] = ()
    mirrors: tuple[Mirror, ...] = ()

    @property
    def digest(self) -> str:
        """Changes when anything changes that a budget is evaluated by; not where it stands in the file."""
        said = "\n".join(repr(replace(each, where="")) for each in self.lines)
        return hashlib.sha256(said.encode()).hexdigest()


def lines(settings: Settings) -> Configured:
    """Return every budget of ``budgets.yml``; none without the file.

    Raise BadInput, naming file, line and key: for an invalid entry, a dimension, tag, value or cost centre that is not
    known, an id that is there twice, a threshold that an action waits for and nobody has, periods that do not fit, a
    child outside its parent's scope or time, a mirror of a budget that is not there or with another's name,
    and, where the file is ``strict``, children that have more than their parent.
    """
    content, found = load_file(settings, FILE, File)
    check_cost_centers(settings, content, found)
    known = cost_centers.load(settings) if content != File() else cost_centers.CostCenters()
    reader = _Reader(found, scopes.Known.of(settings, known), known)
    every = [reader.of_cost_center(each, ("budgets", number)) for number, each in enumerate(content.budgets)]
    for number, node in enumerate(content.tree):
        every.extend(reader.of_node(node, None, ("tree", number), 0))
    every.extend(reader.of_kpi(each, ("kpis", number)) for number, each in enumerate(content.kpis))
    checks.of_mirrors(content.mirrors, every, found)
    return Configured(tuple(every), tuple(checks.of_tree(every, is_strict=content.strict)), content.mirrors)


@dataclass(slots=True)
class _Reader:
    found: Located
    known: scopes.Known
    cost_centers: CostCenters
    ids: dict[str, str] = field(default_factory=dict)

    def of_cost_center(self, entry: Budget, place: Place) -> Line:
        """Return a cost centre's monthly amount as a budget: direct and shared cost, as its statement has it."""
        ident = f"{entry.cost_center}/{entry.currency}"
        return Line(
            id=ident,
            name=self.cost_centers.name_of(entry.cost_center) or entry.cost_center,
            parent="",
            depth=0,
            scope=(("cost_center", (entry.cost_center,)),),
            currency=entry.currency,
            per=Per.MONTH,
            amount=entry.amount,
            schedule={},
            first=_first(entry.from_period),
            last=_last(entry.to_period),
            owner=entry.cost_center,
            is_allocated=True,
            where=self.found.where(place),
        )

    def of_node(self, node: Node, parent: Line | None, place: Place, depth: int) -> Iterator[Line]:
        """Yield a node of the tree and all below it."""
        self._once(node.id, place)
        line = self._line(node, parent, place, depth)
        checks.of_line(line, node, parent, self.found, place)
        yield line
        for number, child in enumerate(node.children):
            yield from self.of_node(child, line, (*place, "children", number), depth + 1)

    def _line(self, node: Node, parent: Line | None, place: Place, depth: int) -> Line:
        scope = scopes.within(self.known, node.scope, parent.scope if parent else (), self.found, (*place, "scope"))
        base = parent or self._root(node, place)
        line = replace(
            base,
            id=node.id,
            name=node.name or node.id,
            parent=parent.id if parent else "",
            depth=depth,
            scope=scope,
            currency=node.currency or base.currency,
            per=node.per or base.per,
            amount=node.amount,
            schedule={str(month): amount for month, amount in node.schedule.items()},
            first=_first(node.from_period) if node.from_period else base.first,
            last=_last(node.to_period) if node.to_period else base.last,
            roll_over=node.roll_over,
            owner=node.owner or _cost_center_of(scope) or base.owner,
            channel=node.channel or base.channel,
            thresholds=base.thresholds if node.thresholds is None else tuple(dict.fromkeys(node.thresholds)),
            where=self.found.where(place),
        )
        return replace(line, actions=self._actions(node, line, base, place))

    def _root(self, node: Node, place: Place) -> Line:
        for key, value in (("currency", node.currency), ("from", node.from_period), ("to", node.to_period)):
            if value is None:
                raise self.found.error(place, f"missing key {key}; a budget without a parent names its own")
        none: Mapping[str, Decimal] = {}
        return Line("", "", "", 0, (), "", Per.MONTH, None, none, date.min, date.max)

    def _actions(self, node: Node, line: Line, base: Line, place: Place) -> tuple[ActionRule, ...]:
        if node.actions is None:
            return tuple(each for each in base.actions if each.when in line.thresholds)
        for number, each in enumerate(node.actions):
            if each.when not in line.thresholds:
                listed = ", ".join(map(str, line.thresholds))
                says = f"waits for {str(each.when)!r}, which is none of the budget's thresholds: {listed}"
                raise self.found.error((*place, "actions", number, "when"), says)
        return tuple(ActionRule(each.do, each.when) for each in node.actions)

    def of_kpi(self, entry: KpiEntry, place: Place) -> Line:
        """Return a budget of a KPI. Its thresholds are of its value, its forecast and the probability of missing it."""
        self._once(entry.id, place)
        scope = scopes.within(self.known, entry.scope, (), self.found, (*place, "scope"))
        for name, _ in scope:
            if name not in entry.kpi.dimensions:
                listed = ", ".join(entry.kpi.dimensions)
                raise self.found.error((*place, "scope", name), f"{entry.kpi.value} is known by {listed} alone")
        line = Line(
            id=entry.id,
            name=entry.name or entry.id,
            parent="",
            depth=0,
            scope=scope,
            currency=entry.currency or "(none)",
            per=entry.per,
            amount=entry.at_least if entry.kpi.is_better_high else entry.at_most,
            schedule={},
            first=_first(entry.from_period),
            last=_last(entry.to_period),
            owner=entry.owner or _cost_center_of(scope),
            channel=entry.channel or "",
            thresholds=(Threshold(Measure.ACTUAL, 100), Threshold(Measure.PROBABILITY, 80)),
            kpi=entry.kpi,
            where=self.found.where(place),
        )
        checks.of_periods(line, self.found, place)
        return line

    def _once(self, ident: str, place: Place) -> None:
        where = self.found.where(place)
        if self.ids.setdefault(ident, where) != where:
            raise self.found.error((*place, "id"), f"{ident} is an id already, at {self.ids[ident]}")


def _cost_center_of(scope: Scope) -> str:
    values = dict(scope).get("cost_center", ())
    return values[0] if len(values) == 1 else ""


def _first(period: BillingPeriod) -> date:
    return period.start.date()


def _last(period: BillingPeriod) -> date:
    return period.end.date() - _DAY
