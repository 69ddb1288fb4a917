"""What cost centres are called, who answers for them and what they are part of: ``cost_centers.yml``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy import tags
from finops.policy.loader import Entry, Text
from finops.policy.loader import load as load_file
from finops.policy.located_yaml import Located, Place
from finops.policy.tags.checks import fault_of_value

FILE = "cost_centers.yml"


class CostCenter(Entry):
    """A cost centre, or a group of them: ``parent`` is what it is part of, another entry of the file.

    ``channel`` is one of ``channels.yml`` that hears of what concerns it, and what is part of it and names none.
    """

    cost_center: Text
    name: Text | None = None
    owner: Text | None = None
    channel: Text | None = None
    parent: Text | None = None


class _File(Entry):
    cost_centers: tuple[CostCenter, ...] = ()


@dataclass(frozen=True, slots=True)
class CostCenters:
    """The entries by cost centre, in the order of the file; none without it."""

    entries: dict[str, CostCenter] = field(default_factory=dict)

    def name_of(self, cost_center: str) -> str:
        """Return its name; empty where it has none."""
        found = self.entries.get(cost_center)
        return (found.name or "") if found else ""

    def owner_of(self, cost_center: str) -> str:
        """Return who answers for it; empty where nobody is named."""
        found = self.entries.get(cost_center)
        return (found.owner or "") if found else ""

    def channel_of(self, cost_center: str) -> str:
        """Return the channel that hears of it: its own, else that of the nearest group above; empty where none is."""
        named = (self.entries[each].channel for each in (cost_center, *self.above(cost_center)) if each in self.entries)
        return next((each for each in named if each), "")

    def above(self, cost_center: str) -> tuple[str, ...]:
        """Return what it is part of, its own parent first."""
        found: list[str] = []
        each = self.entries.get(cost_center)
        while each is not None and each.parent is not None:
            found.append(each.parent)
            each = self.entries.get(each.parent)
        return tuple(found)

    def groups(self) -> Iterator[str]:
        """Yield what other cost centres are part of: each before the groups that it holds, in the order of the file."""
        parents = {each.parent for each in self.entries.values()}

        def below(parent: str | None) -> Iterator[str]:
            for each in self.entries.values():
                if each.parent == parent and each.cost_center in parents:
                    yield each.cost_center
                    yield from below(each.cost_center)

        return below(None)


def load(settings: Settings) -> CostCenters:
    """Return what the file says; nothing without it.

    Raise BadInput, naming file, line and key: for an invalid entry, one that is there twice, a parent that the file
    does not have, and a cost centre that is part of itself.
    """
    content, found = load_file(settings, FILE, _File)
    entries: dict[str, CostCenter] = {}
    for number, each in enumerate(content.cost_centers):
        if entries.setdefault(each.cost_center, each) is not each:
            raise found.error(("cost_centers", number), f"{each.cost_center} is there twice")
    for number, each in enumerate(content.cost_centers):
        _check_parents(each, entries, found, ("cost_centers", number, "parent"))
    return CostCenters(entries)


def _check_parents(each: CostCenter, entries: dict[str, CostCenter], found: Located, place: Place) -> None:
    seen, parent = [each.cost_center], each.parent
    while parent is not None:
        if parent not in entries:
            raise found.error(place, f"{parent} is no cost centre of this file; add it, with a name of its own")
        if parent in seen:
            raise found.error(place, f"{' is part of '.join([*seen, parent])}")
        seen.append(parent)
        parent = entries[parent].parent


def fault_of(settings: Settings, cost_center: str, known: CostCenters) -> str | None:
    """Return why a cost centre cannot be one of this company's, or None.

    Known are those of ``cost_centers.yml``; without entries there, what ``tag_policy.yml`` allows or
    ``virtual_tags.yml`` gives. Where neither says, every name is possible.
    """
    if known.entries:
        return None if cost_center in known.entries else f"cost centre {cost_center!r} is not in {FILE}; add it there"
    try:
        policy = tags.load(settings)
    except BadInput:  # Missing, or invalid: that is said of its own file.
        return None
    if cost_center in {each.values.get(policy.owner_key) for each in policy.assignments()}:
        return None
    key = policy.key(policy.owner_key)
    fault = fault_of_value(key, cost_center) if key else None
    return None if fault is None else f"cost centre {fault}"
