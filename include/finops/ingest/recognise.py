"""Recognise a native format by a file's columns."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from finops.core.errors import BadInput
from finops.core.formats import Column, SourceFormat, columns_of
from finops.core.providers import Provider

_BY_PROVIDER = {
    Provider.AWS: (SourceFormat.AWS_CUR2, SourceFormat.AWS_CUR_LEGACY, SourceFormat.FOCUS),
    Provider.AZURE: (SourceFormat.AZURE_AMORTIZED, SourceFormat.FOCUS),
    Provider.GCP: (SourceFormat.GCP_DETAILED, SourceFormat.GCP_STANDARD, SourceFormat.FOCUS),
}
_MAPS_OF_CUR2 = {"product", "resource_tags", "cost_category", "discount"}
_AZURE_PAIR = frozenset({SourceFormat.AZURE_ACTUAL, SourceFormat.AZURE_AMORTIZED})


def recognise(names: Iterable[str], provider: Provider, key: str) -> SourceFormat:
    """Return the format of ``provider`` whose required columns are all present.

    Azure's actual and amortized exports have the same columns: both come back as amortized, and ``is_azure`` tells
    the caller to look further. When no format is complete, raise BadInput, which names the nearest one and the
    column that is missing.
    """
    present = {name.lower() for name in names}
    candidates = _formats_of(provider)
    if provider == Provider.AWS and not present & _MAPS_OF_CUR2:
        # A legacy CUR in Parquet has CUR 2.0's column names; only the nested columns set the two apart.
        candidates.remove(SourceFormat.AWS_CUR2)
    lacking = {each: missing_columns(present, each) for each in candidates}
    complete = [each for each in candidates if not lacking[each]]
    if complete:
        return complete[0]
    nearest = min(candidates, key=lambda each: len(lacking[each]) / sum(c.is_required for c in columns_of(each)))
    required = sum(column.is_required for column in columns_of(nearest))
    if len(lacking[nearest]) > required / 2:
        known = ", ".join(_formats_of(provider))
        raise BadInput(f"{key}: its columns match no {provider} bill ({known}); check the file and --provider")
    raise lacks(key, nearest, lacking[nearest], names)


def _formats_of(provider: Provider) -> list[SourceFormat]:
    return list(_BY_PROVIDER.get(provider, (SourceFormat.FOCUS,)))


def match_columns(names: Iterable[str], source_format: SourceFormat, key: str) -> dict[str, str]:
    """Return, for each column of the format that the file has, its name in the file.

    Raise BadInput when a required column is missing (the error names the most similar column, in case it was
    renamed) or when one appears twice.
    """
    by_name: dict[str, str] = {name.lower(): name for name in names}
    found = {}
    for column in columns_of(source_format):
        present = [by_name[each.lower()] for each in column.names if each.lower() in by_name]
        if present:
            found[column.name] = present[0]
        if f"{column.name.lower()}_1" in by_name and not _is_listed(f"{column.name}_1", source_format):
            raise BadInput(f"{key}: column {column.name} appears twice; have the export written again")
    lacking = missing_columns(set(by_name), source_format)
    if lacking:
        raise lacks(key, source_format, lacking, names)
    return found


def missing_columns(present: set[str], source_format: SourceFormat) -> list[Column]:
    """Return the required columns that are missing among the lower-case names ``present``."""
    return [
        column
        for column in columns_of(source_format)
        if column.is_required and not any(name.lower() in present for name in (*column.names, *column.stand_ins))
    ]


def lacks(key: str, source_format: SourceFormat, lacking: list[Column], names: Iterable[str]) -> BadInput:
    """Return the error that names the missing columns, and the present name most similar to the first of them."""
    first = lacking[0].name
    listed = {name.lower() for column in columns_of(source_format) for name in column.names}
    strangers = {name.lower(): name for name in names if name.lower() not in listed}
    near = difflib.get_close_matches(first.lower(), strangers, n=1, cutoff=0.6)
    renamed = f" (renamed to {strangers[near[0]]}?)" if near else ""
    more = f" (and {len(lacking) - 1} more: {', '.join(column.name for column in lacking[1:6])})" if lacking[1:] else ""
    return BadInput(
        f"{key}: required column {first} of {source_format} is missing{renamed}{more}; have the export written with it"
    )


def new_columns(names: Iterable[str], source_format: SourceFormat) -> tuple[str, ...]:
    """Return the columns that are not in the format's list, sorted."""
    return tuple(sorted(name for name in names if not _is_listed(name, source_format)))


def is_azure(source_format: SourceFormat) -> bool:
    """Tell whether a format is one of Azure's two halves."""
    return source_format in _AZURE_PAIR


def azure_half_by_name(*names: str) -> SourceFormat | None:
    """Return the half that file or source names mention, None when they mention neither or both."""
    text = " ".join(names).lower()
    has_actual, has_amortized = "actual" in text, "amorti" in text
    if has_actual == has_amortized:
        return None
    return SourceFormat.AZURE_ACTUAL if has_actual else SourceFormat.AZURE_AMORTIZED


def _is_listed(name: str, source_format: SourceFormat) -> bool:
    return any(name.lower() == each.lower() for column in columns_of(source_format) for each in column.names)
