"""The tag policy as Parquet below ``inputs/ops``: what dbt resolves tags by. Values are bound, keys are rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from finops.policy.tags.models import SCOPE_COLUMNS, Assignment, Scope, TagPolicy, ValueCase, When
from finops.policy.tags.spelling import fold
from finops.transform.parquet_table import write_table

_RANKS = 1_000_000
"""Places between two sources of the precedence: more than there are rules."""

_SCOPE = ", ".join((*(f"{column} varchar[]" for column in SCOPE_COLUMNS), "has_resource boolean"))


def write(folder: Path, policy: TagPolicy) -> None:
    """Write the policy's tables into a folder."""
    ranks = {source.value: number * _RANKS for number, source in enumerate(policy.precedence)}
    write_table(folder / "tag_sources.parquet", "value_source varchar, source_rank bigint", ranks.items())
    write_table(
        folder / "tag_keys.parquet",
        "tag_key varchar, key_order integer, is_listed boolean, pattern varchar, "
        "is_lower_case boolean, dimension varchar",
        (
            (k.name, n, bool(k.allowed), k.pattern, k.case is ValueCase.LOWER, k.dimension and k.dimension.value)
            for n, k in enumerate(policy.keys)
        ),
    )
    write_table(
        folder / "tag_aliases.parquet",
        "folded_key varchar, tag_key varchar",
        ((spelling, key.name) for key in policy.keys for spelling in key.spellings),
    )
    write_table(
        folder / "tag_values.parquet",
        "tag_key varchar, spelling varchar, tag_value varchar, is_allowed boolean",
        _values(policy),
    )
    write_table(
        folder / "tag_scopes.parquet",
        f"tag_key varchar, {_SCOPE}",
        ((key.name, *_scope(scope)) for key in policy.keys for scope in key.required),
    )
    write_table(
        folder / "tag_parents.parquet",
        "parent_order integer, folded_key varchar, id_prefixes varchar[]",
        ((number, fold(parent.key), parent.prefixes) for number, parent in enumerate(policy.parents, start=1)),
    )
    _write_rules(folder, list(policy.assignments()), ranks)


def _values(policy: TagPolicy) -> Iterator[tuple[object, ...]]:
    for key in policy.keys:
        # A value is found whatever its case; where the policy lists a spelling too, that decides.
        spelled = {value.strip().lower(): value for value in key.allowed}
        spelled |= {spelling.strip().lower(): value for spelling, value in key.values.items()}
        for spelling, value in spelled.items():
            yield key.name, spelling, value, value in key.allowed


def _write_rules(folder: Path, assignments: list[Assignment], ranks: dict[str, int]) -> None:
    numbered = list(enumerate(assignments, start=1))
    write_table(
        folder / "tag_rules.parquet",
        f"rule_order integer, value_source varchar, {_SCOPE}, "
        "resource_id varchar[], tag_conditions integer, from_date date, to_date date",
        ((number, a.source, *_scope(a.when), *_rest(a.when)) for number, a in numbered),
    )
    write_table(
        folder / "tag_rule_values.parquet",
        "rule_order integer, tag_key varchar, tag_value varchar, source_rank bigint",
        (
            (number, key, value, number + (ranks[a.kind] if not a.overrides_tags else -_RANKS))
            for number, a in numbered
            for key, value in a.values.items()
        ),
    )
    write_table(
        folder / "tag_rule_conditions.parquet",
        "rule_order integer, tag_key varchar, patterns varchar[]",
        ((number, key, list(patterns)) for number, a in numbered for key, patterns in a.when.tags.items()),
    )


def _scope(scope: Scope) -> tuple[object, ...]:
    return (*(list(values) or None for values in scope.texts().values()), scope.has_resource)


def _rest(when: When) -> tuple[object, ...]:
    return (list(when.resource_id) or None, len(when.tags), when.from_date, when.to_date)
