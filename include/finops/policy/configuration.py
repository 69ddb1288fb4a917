"""Configuration that is lists of entries, in YAML and in CSV files that it names: each entry with its file and line.

Numbers stay the text that was written until a model says what they are.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy.located_yaml import Located, read

Model = TypeVar("Model", bound=BaseModel)


_NOTHING = ("", None, "null", "~")
"""How YAML and CSV write that there is no value."""


def _period(value: object) -> BillingPeriod:
    try:
        return value if isinstance(value, BillingPeriod) else BillingPeriod.parse(str(value))
    except BadInput as error:
        raise ValueError(str(error)) from None


Period = Annotated[BillingPeriod, BeforeValidator(_period)]
"""A billing period, written YYYY-MM."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="Code of ISO 4217.")]


def read_mapping(path: Path) -> Located:
    """Read a file that is a mapping of settings; it is empty when the file is empty or is not there.

    Raise BadInput when it cannot be read, is no mapping or has a key twice.
    """
    if not path.exists():
        return Located(path, {}, {})
    found = read(path)
    if found.content is None:
        return Located(path, {}, {})
    if not isinstance(found.content, dict):
        raise found.error((), "is not a mapping of settings")
    return found


def read_csv(path: Path) -> list[dict[str, str]] | None:
    """Return the rows of a CSV file with a header, or None when it is not there. Raise BadInput when unreadable."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return [{str(k): v for k, v in row.items()} for row in csv.DictReader(lines, restkey="(more columns)")]
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: not readable ({' '.join(str(error).split())})") from None


def entry_of(model: type[Model], entry: object, where: str) -> Model:
    """Return an entry as its model. Keys without a value count as absent. Raise BadInput naming entry and key."""
    if not isinstance(entry, dict):
        raise BadInput(f"{where}: {entry!r} is not a mapping")
    try:
        return model.model_validate({key: value for key, value in entry.items() if value not in _NOTHING})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or "the entry"
        given = "" if isinstance(first["input"], dict) else f" (it is {first['input']!r})"
        raise BadInput(f"{where}: {key}: {first['msg'].removeprefix('Value error, ')}{given}") from None


def entries_of(found: Located, key: str, name: str = "entry") -> list[tuple[str, Any]]:
    """Return what is listed under ``key``, each with the words for where it stands; empty when it is not there.

    Raise BadInput when it is no list.
    """
    listed = found.content.get(key) or []
    if not isinstance(listed, list):
        raise found.error((key,), "is not a list")
    return [(f"{found.path}:{found.lines[key, n]}: {name} {n + 1}", entry) for n, entry in enumerate(listed)]


def file_named(text: str, settings: Settings) -> Path:
    """Return a file that configuration names: ``{home}`` is FINOPS_HOME, a relative path counts from the YAML file."""
    return settings.configuration_dir / text.replace("{home}", str(settings.root))
