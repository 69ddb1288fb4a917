"""What rules must not say together: names that nobody has, rows that two pools take, cost that goes in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from finops.core.dimensions import ABSENT
from finops.core.focus import COLUMNS
from finops.core.providers import ANY_VENDOR, CLOUDS, is_provider
from finops.policy.allocation.models import Column, Condition, Fixed, Pool, Price, Proportional, Rules, Telemetry
from finops.policy.located_yaml import Located, Place

BASES = ("direct", "charged")
"""What ``to`` of a proportional split may name beside a selection."""

_ALLOWED = {column.snake: (*column.allowed, ABSENT) for column in COLUMNS if column.allowed}
_ALLOWED |= {"provider": (*CLOUDS, ANY_VENDOR)}

Conditions = Mapping[Column, Condition]
Fault = tuple[Place, str]


def faults(rules: Rules, found: Located) -> Iterator[Fault]:
    """Yield what is wrong with the rules: the place in the file, and what is wrong there."""
    yield from _names(rules)
    yield from _references(rules)
    yield from _values(rules)
    yield from _overlaps(rules, found)
    yield from _cycles(rules, found)


def _names(rules: Rules) -> Iterator[Fault]:
    for name in rules.selections:
        if name in BASES:
            yield ("selections", name), f"is what a split calls something else ({', '.join(BASES)})"
    seen: set[str] = set()
    for number, driver in enumerate(rules.drivers):
        if driver.name in seen:
            yield ("drivers", number, "name"), f"driver {driver.name} stands here twice"
        seen.add(driver.name)
    for (one_place, one), (place, other) in combinations(_rules(rules), 2):
        if one.id != other.id:
            continue
        if one_place[0] != place[0]:
            yield (*place, "id"), f"{other.id} is the name of a price list too"
        elif one.version == other.version:
            yield (*place, "id"), f"{other.id} version {other.version} stands here twice; give the later one a version"
        elif one.meets(other):
            versions = f"versions {one.version} and {other.version} of {other.id}"
            yield (*place, "id"), f"{versions} share a month; set `to` and `from`"


def _references(rules: Rules) -> Iterator[Fault]:
    drivers = {driver.name for driver in rules.drivers}
    for place, rule in _rules(rules):
        if isinstance(rule, Price):
            if rule.driver not in drivers:
                yield (*place, "driver"), _unknown("driver", rule.driver, drivers)
            continue
        if isinstance(rule.select, str) and rule.select not in rules.selections:
            yield (*place, "select"), _unknown("selection", rule.select, rules.selections)
        split = rule.split
        if isinstance(split, Telemetry) and split.driver not in drivers:
            yield (*place, "split", "driver"), _unknown("driver", split.driver, drivers)
        if isinstance(split, Proportional) and split.to not in (*BASES, *rules.selections):
            yield (*place, "split", "to"), _unknown("selection", split.to, (*BASES, *rules.selections))


def _unknown(what: str, name: str, known: object) -> str:
    names = ", ".join(sorted(known)) if known else "none"  # type: ignore[call-overload]
    return f"there is no {what} {name}; there are {names}"


def _values(rules: Rules) -> Iterator[Fault]:
    """Yield conditions on values that FOCUS does not have: such a rule matches nothing, ever."""
    listed: list[tuple[Place, Conditions]] = [(("selections", name), s) for name, s in rules.selections.items()]
    listed += [
        (("pools", number, "select"), pool.select)
        for number, pool in enumerate(rules.pools)
        if not isinstance(pool.select, str)
    ]
    for place, selection in listed:
        for column, condition in selection.items():
            for value in condition.values:
                is_vendor = column == "provider" and is_provider(value)
                if column in _ALLOWED and value not in _ALLOWED[column] and not is_vendor:
                    yield (*place, column), f"never holds {value}; it holds one of {', '.join(_ALLOWED[column])}"


def _overlaps(rules: Rules, found: Located) -> Iterator[Fault]:
    """Yield pools of which a later one has nothing left, or provably takes rows of an earlier one.

    Rows that two pools match go to the first. Where that can be seen in the rules alone, the later one has to say
    that it means it.
    """
    for (first, one), (second, other) in combinations(enumerate(rules.pools), 2):
        if not one.meets(other):
            continue
        earlier, later = _selection(rules, one), _selection(rules, other)
        if earlier is None or later is None:
            continue
        name, place = _named(one, ("pools", first), found), ("pools", second, "select")
        if one.spans(other) and _contains(earlier, later):
            yield place, f"has nothing to take: {name} takes all of its rows first"
        elif not other.takes_the_rest and _provably_meet(earlier, later):
            says = "tell them apart, or say `takes_the_rest: true` if that is meant"
            yield place, f"takes rows that {name} takes first; {says}"


def _cycles(rules: Rules, found: Located) -> Iterator[Fault]:
    for first, one in enumerate(rules.pools):
        earlier = _selection(rules, one)
        if earlier is None:
            continue
        for second, other in enumerate(rules.pools[first:], start=first):
            later = _selection(rules, other)
            if later is None or not one.meets(other) or not _same_bills(earlier, later):
                continue
            if again := sorted(set(rules.stepped_down_by(one)) & set(targets(other))):
                name = _named(one, ("pools", first), found)
                who = "it steps down itself" if second == first else f"{name} has stepped down before"
                yield ("pools", second, "split"), f"a cycle: sends cost to {again[0]}, whose cost {who}"


def targets(pool: Pool) -> tuple[str, ...]:
    """Return the cost centres that a pool names as receivers."""
    if isinstance(pool.split, Fixed):
        return tuple(pool.split.shares)
    return tuple(name for name in pool.split.among or () if name not in pool.split.leave_out)


def _selection(rules: Rules, pool: Pool) -> Conditions | None:
    return rules.selections.get(pool.select) if isinstance(pool.select, str) else pool.select


def _rules(rules: Rules) -> list[tuple[Place, Pool | Price]]:
    return [
        *((("prices", number), price) for number, price in enumerate(rules.prices)),
        *((("pools", number), pool) for number, pool in enumerate(rules.pools)),
    ]


def _named(pool: Pool, place: Place, found: Located) -> str:
    return f"pool {pool.id} (line {found.lines.get(place, 1)})"


def _same_bills(one: Conditions, other: Conditions) -> bool:
    """Tell whether both can hold for one bill: what a pool moves stays within its provider and currency."""
    columns: tuple[Column, ...] = ("provider", "billing_currency")
    return all(_meet(one[column], other[column]) for column in columns if column in one and column in other)


def _contains(outer: Conditions, inner: Conditions) -> bool:
    return all(column in inner and _implies(inner[column], condition) for column, condition in outer.items())


def _provably_meet(one: Conditions, other: Conditions) -> bool:
    """Tell whether some row of the one is the other's: no column tells them apart, and none is the one's alone."""
    nested = set(one) <= set(other) or set(other) <= set(one)
    return nested and all(_meet(one[column], other[column]) for column in set(one) & set(other))


def _meet(one: Condition, other: Condition) -> bool:
    if one.negated and other.negated:
        return True
    if one.negated:
        return bool(set(other.values) - set(one.values))
    return bool(set(one.values) - set(other.values) if other.negated else set(one.values) & set(other.values))


def _implies(inner: Condition, outer: Condition) -> bool:
    if inner.negated:
        return outer.negated and set(outer.values) <= set(inner.values)
    return set(inner.values).isdisjoint(outer.values) if outer.negated else set(inner.values) <= set(outer.values)
