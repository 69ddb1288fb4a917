"""What the form alone cannot say: spellings that clash, values that are not allowed, rules that never come to act."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fnmatch import fnmatchcase

from finops.core.database import scratch
from finops.policy.located_yaml import Located, Place
from finops.policy.tags.models import SCOPE_COLUMNS, VALUE, Dimension, Overrides, Rule, Source, TagKey, TagPolicy, When
from finops.policy.tags.spelling import fold


def check_keys(policy: TagPolicy, file: Located) -> None:
    """Raise BadInput for the first invalid key, and for dimensions that no key or two keys fill."""
    # Where no parent is declared, a precedence that was written before there were any says all there is to say.
    optional = () if policy.parents or Source.PARENT in policy.precedence else (Source.PARENT,)
    if sorted((*policy.precedence, *optional)) != sorted(Source):
        raise file.error(("precedence",), f"must name each of {', '.join(Source)} once")
    taken: dict[str, str] = {}
    for number, key in enumerate(policy.keys):
        place: Place = ("keys", number)
        if any(key.name == other.name for other in policy.keys[:number]):
            raise file.error((*place, "name"), f"{key.name} is there twice")
        for position, alias in enumerate((key.name, *key.aliases)):
            where = (*place, "name") if position == 0 else (*place, "aliases", position - 1)
            owner = taken.setdefault(fold(alias), key.name)
            if not fold(alias):
                raise file.error(where, f"{alias!r} is nothing but separators")
            if owner != key.name:
                raise file.error(where, f"{alias!r} is a spelling of {owner} too; case and separators do not count")
        _check_values(key, place, file)
    _check_dimensions(policy, file)


def _check_dimensions(policy: TagPolicy, file: Located) -> None:
    filled: dict[Dimension, str] = {}
    for number, key in enumerate(policy.keys):
        if key.dimension and (other := filled.setdefault(key.dimension, key.name)) != key.name:
            raise file.error(("keys", number, "dimension"), f"{other} is the key of {key.dimension} already")
    if Dimension.COST_CENTER not in filled:
        says = "no key has `dimension: cost_center`; say so of the key that names who pays"
        raise file.error(("keys",), says)


def _check_values(key: TagKey, place: Place, file: Located) -> None:
    if key.allowed and key.pattern is not None:
        raise file.error((*place, "pattern"), "a key has allowed values or a pattern, not both")
    if key.pattern is not None and (fault := _fault_of_pattern(key.pattern)):
        raise file.error((*place, "pattern"), f"{key.pattern!r} is no regular expression of RE2: {fault}")
    folded = [value.strip().lower() for value in key.allowed]
    for number, value in enumerate(folded):
        if value in folded[:number]:
            says = f"{key.allowed[number]!r} is there twice; case does not count"
            raise file.error((*place, "allowed", number), says)
    for spelled, value in key.values.items():
        if fault := fault_of_value(key, value):
            raise file.error((*place, "values", spelled), fault)


def check_parents(policy: TagPolicy, file: Located) -> None:
    """Raise BadInput for the first parent that no tag can name, or that is there twice."""
    known: set[tuple[str, str]] = set()
    for number, parent in enumerate(policy.parents):
        if not fold(parent.key):
            raise file.error(("parents", number, "key"), f"{parent.key!r} is nothing but separators")
        for prefix in parent.prefixes:
            if (fold(parent.key), prefix) in known:
                says = f"{parent.key} with {prefix}{VALUE} is there twice; case and separators do not count"
                raise file.error(("parents", number, "resource"), says)
            known.add((fold(parent.key), prefix))


def check_rules(policy: TagPolicy, file: Located) -> None:
    """Raise BadInput for the first account label or rule that is invalid, or never decides anything."""
    labelled: dict[tuple[str, str], int] = {}
    for number, each in enumerate(policy.account_labels):
        _check_set(policy, each.labels, ("account_labels", number, "labels"), file)
        for account in each.sub_account_id:
            for key in each.labels:
                if labelled.setdefault((account, key), number) != number:
                    where = ("account_labels", number, "labels", key)
                    raise file.error(where, f"account {account} has this label above already")
    for number, rule in enumerate(policy.rules):
        place: Place = ("rules", number)
        _check_set(policy, rule.set, (*place, "set"), file)
        for name in rule.when.tags:
            if policy.key(name) is None:
                raise file.error((*place, "when", "tags", name), _unknown(policy, name))
        for earlier in policy.rules[:number]:
            if earlier.id == rule.id:
                raise file.error((*place, "id"), f"{rule.id} is there twice; a new version replaces the old one")
        _check_acts(rule, policy.rules[:number], place, file)


def _check_set(policy: TagPolicy, values: dict[str, str], place: Place, file: Located) -> None:
    for name, value in values.items():
        key = policy.key(name)
        if key is None:
            raise file.error((*place, name), _unknown(policy, name))
        if fault := fault_of_value(key, value):
            raise file.error((*place, name), fault)


def _unknown(policy: TagPolicy, name: str) -> str:
    return f"{name} is no key of the tag policy; keys: {', '.join(key.name for key in policy.keys)}"


def fault_of_value(key: TagKey, value: str) -> str | None:
    """Return what is wrong with a canonical value, or None."""
    if key.allowed and value not in key.allowed:
        return f"{value!r} is none of the values of {key.name}: {', '.join(key.allowed)}"
    if key.pattern is not None and not _matches(key.pattern, value):
        return f"{value!r} is not of the form of {key.name}: {key.pattern}"
    return None


def _check_acts(rule: Rule, earlier: Iterable[Rule], place: Place, file: Located) -> None:
    left = set(rule.set)
    for other in earlier:
        is_stronger = other.overrides is Overrides.ALWAYS or rule.overrides is Overrides.MISSING
        if is_stronger and covers(other.when, rule.when):
            left -= set(other.set)
        if not left:
            raise file.error((*place, "id"), f"{rule.id} never decides anything: {other.id} above takes all it matches")


def covers(wide: When, narrow: When) -> bool:
    """Tell whether every charge of ``narrow`` is provably one of ``wide``."""
    texts = [(getattr(wide, name), getattr(narrow, name)) for name in (*SCOPE_COLUMNS, "resource_id")]
    texts += [(wide.tags[name], narrow.tags.get(name, ())) for name in wide.tags]
    return (
        all(_covers_texts(*pair) for pair in texts)
        and wide.has_resource in (None, narrow.has_resource)
        and (wide.from_date or date.min) <= (narrow.from_date or date.min)
        and (wide.to_date or date.max) >= (narrow.to_date or date.max)
    )


def _covers_texts(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    if not wide:
        return True
    return bool(narrow) and all(any(_covers_text(w, n) for w in wide) for n in narrow)


def _covers_text(wide: str, narrow: str) -> bool:
    is_literal = not any(mark in narrow for mark in "*?[")
    return wide == narrow or (is_literal and fnmatchcase(narrow, wide))


def _fault_of_pattern(pattern: str) -> str | None:
    import duckdb

    try:
        _matches(pattern, "")
    except duckdb.Error as error:
        return str(error).splitlines()[0].removeprefix("Invalid Input Error: ")
    return None


def _matches(pattern: str, value: str) -> bool:
    """Ask the engine that will match the bills: what Python's own regular expressions allow, it may not."""
    with scratch() as connection:
        found = connection.execute("select regexp_full_match(?, ?)", [value, pattern]).fetchall()
    return bool(found[0][0])
