"""Scopes: which charges a budget counts, by dimensions of the daily costs or by the tags that fill them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy import tags
from finops.policy.budgets.models import COST_DIMENSIONS, Line, Scope
from finops.policy.cost_centers import CostCenters, fault_of
from finops.policy.located_yaml import Located, Place
from finops.policy.tags.checks import fault_of_value
from finops.policy.tags.models import TagKey
from finops.policy.tags.spelling import fold


@dataclass(frozen=True, slots=True)
class Known:
    """What the configuration knows of dimensions, tags and cost centres."""

    settings: Settings
    cost_centers: CostCenters
    keys: tuple[TagKey, ...]

    @classmethod
    def of(cls, settings: Settings, known: CostCenters) -> Known:
        """Return what is configured; without a valid ``tag_policy.yml`` no tag is known, which its own check says."""
        try:
            keys = tags.load(settings).keys
        except BadInput:
            keys = ()
        return cls(settings, known, keys)

    def dimension(self, name: str) -> tuple[str | None, str]:
        """Return the dimension that a name of a scope means, or None and why there is none."""
        if name in COST_DIMENSIONS:
            return name, ""
        key = next((each for each in self.keys if fold(name) in each.spellings), None)
        if key is not None and key.dimension is not None and key.dimension.value in COST_DIMENSIONS:
            return key.dimension.value, ""
        kept = [each.name for each in self.keys if each.dimension and each.dimension.value in COST_DIMENSIONS]
        if key is not None:
            return None, f"tag {key.name} is not kept in the daily costs; tags that are: {', '.join(kept)}"
        listed = ", ".join(COST_DIMENSIONS)
        return None, f"unknown dimension or tag; dimensions are {listed}; tags are {', '.join(kept) or 'not known'}"

    def values(self, dimension: str, given: Sequence[str]) -> tuple[str, ...]:
        """Return values as the daily costs have them: a group of cost centres stands for those below it."""
        if dimension != "cost_center":
            return tuple(sorted(set(given)))
        found = set()
        for each in given:
            below = {name for name in self.cost_centers.entries if each in self.cost_centers.above(name)}
            found |= below | {each}
        return tuple(sorted(found))

    def fault(self, dimension: str, value: str) -> str | None:
        """Return why a value cannot be one of a dimension, or None."""
        if value in (ABSENT, UNALLOCATED):
            return None
        if dimension == "cost_center":
            return fault_of(self.settings, value, self.cost_centers)
        key = next((each for each in self.keys if each.dimension and each.dimension.value == dimension), None)
        return fault_of_value(key, value) if key else None


def within(known: Known, given: Mapping[str, Sequence[str]], parent: Scope, found: Located, place: Place) -> Scope:
    """Return a budget's scope: what it says itself, within its parent's.

    Raise BadInput for an unknown dimension, tag or value, a dimension that is there twice (as itself and as a tag),
    and a value that lies outside the parent's.
    """
    scope = dict(parent)
    said: dict[str, str] = {}
    for name, values in given.items():
        dimension, why = known.dimension(name)
        if dimension is None:
            raise found.error((*place, name), why)
        if other := said.get(dimension):
            raise found.error((*place, name), f"means the same as {other}, which is there too")
        said[dimension] = name
        for value in values:
            if fault := known.fault(dimension, value):
                raise found.error((*place, name), fault)
        chosen = known.values(dimension, values)
        if outside := [each for each in chosen if dimension in scope and each not in scope[dimension]]:
            allowed = " or ".join(scope[dimension])
            raise found.error((*place, name), f"{outside[0]} lies outside the parent's scope, {dimension} {allowed}")
        scope[dimension] = chosen
    return tuple((name, scope[name]) for name in COST_DIMENSIONS if name in scope)


def overlapping(lines: Sequence[Line]) -> Iterator[tuple[Line, Line]]:
    """Yield pairs of budgets whose scopes share charges: for each dimension that both name, a value that both have.

    Lines that name the same dimensions are compared by their values, so that many siblings take no longer than few.
    """
    groups: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        groups.setdefault(tuple(name for name, _ in line.scope), []).append(line)
    names = sorted(groups)
    for number, left in enumerate(names):
        for right in names[number:]:
            yield from _pairs(groups[left], groups[right], [each for each in left if each in right], left == right)


def _pairs(left: list[Line], right: list[Line], common: list[str], is_same: bool) -> Iterator[tuple[Line, Line]]:
    """Yield each pair that shares a value of every common dimension, once."""
    index: dict[tuple[str, ...], list[Line]] = {}
    seen: set[tuple[str, str]] = set()
    if not is_same:
        for line in right:
            for key in _keys(line, common):
                index.setdefault(key, []).append(line)
    for line in left:
        for key in _keys(line, common):
            for other in index.get(key, ()):
                if (other.id, line.id) not in seen and other.id != line.id:
                    seen.add((other.id, line.id))
                    yield other, line
            if is_same:
                index.setdefault(key, []).append(line)


def _keys(line: Line, common: list[str]) -> Iterator[tuple[str, ...]]:
    scope = dict(line.scope)

    def below(names: list[str]) -> Iterator[tuple[str, ...]]:
        if not names:
            yield ()
            return
        for rest in below(names[1:]):
            for value in scope[names[0]]:
                yield (value, *rest)

    return below(common)
