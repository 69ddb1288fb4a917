"""Read ``allocation.yml``, and refuse what cannot be meant, with file, line and key."""

from __future__ import annotations

import json

from pydantic import ValidationError

from finops.core.settings import Settings
from finops.policy.allocation.checks import faults
from finops.policy.allocation.models import Rules
from finops.policy.located_yaml import Located, Place, read

FILE = "allocation.yml"


def load(settings: Settings) -> Rules:
    """Return the rules of the configuration folder; without the file, or when it is empty, there are none.

    Raise BadInput, naming file, line and key: for what is not of the form, shares that do not sum to one, a column,
    selection or driver that there is not, pools that take the same rows, a cycle.
    """
    path = settings.configuration_dir / FILE
    if not path.exists():
        return Rules()
    found = read(path)
    if found.content is None:
        return Rules()
    try:
        rules = Rules.model_validate(found.content)
    except ValidationError as error:
        place, says = _first(error, found)
        raise found.error(place, says) from None
    for place, says in faults(rules, found):
        raise found.error(place, says)
    return rules


def of_build(settings: Settings) -> Rules:
    """Return the rules that the build in the warehouse was made with; there are none where it wrote none."""
    path = settings.inputs_dir / "ops" / "allocation.json"
    if not path.exists():
        return Rules()
    return Rules.model_validate(json.loads(path.read_text(encoding="utf-8"))["rules"])


def _first(error: ValidationError, found: Located) -> tuple[Place, str]:
    """Return where the file's first fault is, and what is wrong there in words that need no knowledge of pydantic."""
    entries = sorted(error.errors(include_url=False), key=lambda e: _depth(e["loc"], found), reverse=True)
    first = entries[0]
    place: Place = tuple(step for step in first["loc"] if step != "[key]")
    kind, says = first["type"], first["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return place, "unknown key"
    if kind == "missing":
        return place, f"lacks {place[-1]}"
    if kind in ("tuple_type", "dict_type", "model_type"):
        says = "is no list" if kind == "tuple_type" else "is no mapping of keys to values"
    elif first["loc"][-1] == "[key]":
        says = f"unknown column or name; {says[0].lower()}{says[1:]}"
    elif kind == "union_tag_invalid":
        context = first["ctx"]
        says = f"unknown method {context['tag']}; the methods are {context['expected_tags']}"
    elif kind == "union_tag_not_found":
        says = "lacks method"
    return place, says


def _depth(place: Place, found: Located) -> int:
    """Return how much of a place the file has: of a union's errors the one that went furthest is meant."""
    known: Place = ()
    for step in place:
        if (*known, step) in found.lines:
            known = (*known, step)
    return len(known)
