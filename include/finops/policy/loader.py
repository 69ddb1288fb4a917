"""Read what a person configures into its model; report what is invalid with file, line and key.

A file is YAML and one model describes it. CSV files that it names hold one row per entry, described by a model too.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy.located_yaml import Located, Place, read

Model = TypeVar("Model", bound=BaseModel)


class Row(NamedTuple):
    """A row of a CSV file, and where it stands: ``file:line``."""

    where: str
    entry: Any


class Entry(BaseModel):
    """A mapping in a configuration file, frozen. A key without a value counts as absent, an unknown one is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        names = [field.alias or name for name, field in cls.model_fields.items()]
        by_name = cls.model_fields if cls.model_config.get("populate_by_name") else ()
        for key in given:
            if key not in names and key not in by_name:
                known = {"names": ", ".join(names)}
                says = PydanticCustomError("unknown_key", "unknown key; known keys are {names}", known)
                raise ValidationError.from_exception_data(cls.__name__, [{"type": says, "loc": (key,), "input": None}])
        return {key: value for key, value in given.items() if value is not None}


def load(settings: Settings, name: str, model: type[Model], *, missing: str | None = None) -> tuple[Model, Located]:
    """Return a file of the configuration folder as its model, and the places in it for further checks.

    An empty file is an empty mapping, and so is one that does not exist, unless ``missing`` says what to do about it.
    Raise BadInput, naming file, line and key, for the first fault.
    """
    path = settings.configuration_dir / name
    if path.exists():
        found = read(path)
    elif missing is None:
        found = Located(path, None, {})
    else:
        raise BadInput(f"{path} does not exist; {missing}")
    try:
        content = {} if found.content is None else found.content
        return model.model_validate(content, context={"settings": settings}), found
    except ValidationError as error:
        place, says = _first(error, found)
        raise found.error(place, says) from None


def rows(path: Path, model: type[Model]) -> list[Row] | None:
    """Return the rows of a CSV file as the model whose keys its header names, or None when it does not exist.

    Cells are trimmed; an empty one has no value. Raise BadInput, naming file, line and column, for the first fault.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            reader.fieldnames = [(name or "").strip() for name in reader.fieldnames or ()]
            _check_header(path, list(reader.fieldnames), model)
            return list(_rows(path, reader, model))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError, csv.Error) as error:
        raise BadInput(f"{path}: not readable as CSV ({' '.join(str(error).split())})") from None


def _check_header(path: Path, header: list[str], model: type[BaseModel]) -> None:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    for name in header:
        if name not in fields:
            raise BadInput(f"{path}:1: unknown column {name!r}; known columns are {', '.join(fields)}")
        if header.count(name) > 1:
            raise BadInput(f"{path}:1: column {name!r} is there twice")
    for name, field in fields.items():
        if field.is_required() and name not in header:
            raise BadInput(f"{path}:1: missing column {name}; known columns are {', '.join(fields)}")


def _rows(path: Path, reader: csv.DictReader[str], model: type[BaseModel]) -> Iterator[Row]:
    for row in reader:
        where = f"{path}:{reader.line_num}"
        if None in row or None in row.values():
            raise BadInput(f"{where}: has more or fewer fields than the header")
        cells = {name: text.strip() for name, text in row.items()}
        try:
            yield Row(where, model.model_validate({name: text or None for name, text in cells.items()}))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(map(str, first["loc"][:1])) or "the row"
            says = "is empty" if first["type"] == "missing" else _words(first)
            raise BadInput(f"{where}: {name}: {says}") from None


_WORDS = {
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "must be a mapping of keys to values"),
    **dict.fromkeys(("list_type", "tuple_type"), "must be a list"),
    "string_type": "must be a text",
}
_SUBJECT = re.compile(r"^(?:Input|String|Decimal input|Date input|List|Tuple|Dictionary|Value) should ")


def _first(error: ValidationError, found: Located) -> tuple[Place, str]:
    """Return the place of a fault and what is wrong there; of a union's errors the one that went furthest is meant."""

    def depth(each: ErrorDetails) -> int:
        return len(found.known(each["loc"]))

    first = max(error.errors(include_url=False), key=depth)
    return tuple(step for step in first["loc"] if step != "[key]"), _words(first)


def _words(error: ErrorDetails) -> str:
    """Return what is wrong in words that need no knowledge of pydantic."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in _WORDS:
        return _WORDS[kind]
    if kind == "missing":
        return f"missing key {error['loc'][-1]}"
    if kind == "union_tag_not_found":
        return f"missing key {context['discriminator'].strip(chr(39))}"
    if kind == "union_tag_invalid":
        name = context["discriminator"].strip("'")
        # Of a member of an enumeration its value is what a file has.
        known = re.sub(r"<\w+\.\w+: ('[^']*')>", r"\1", context["expected_tags"])
        return f"unknown {name} {context['tag']}; known are {known}"
    says = _SUBJECT.sub("must ", error["msg"].removeprefix("Value error, "))
    says = f"unknown name; it {says}" if error["loc"][-1:] == ("[key]",) else says
    is_shown = kind not in ("value_error", "unknown_key") and isinstance(error["input"], str)
    return f"{says} (it is {error['input']!r})" if is_shown else says


def _period(value: object) -> BillingPeriod:
    try:
        return value if isinstance(value, BillingPeriod) else BillingPeriod.parse(str(value))
    except BadInput as error:
        raise ValueError(str(error)) from None


def _with_home(text: str, info: ValidationInfo) -> str:
    return text.replace("{home}", str(info.context["settings"].root)) if info.context else text


def _as_path(text: str, info: ValidationInfo) -> str:
    return str(info.context["settings"].configuration_dir / _with_home(text, info)) if info.context else text


Text = Annotated[str, Field(min_length=1)]
Period = Annotated[BillingPeriod, BeforeValidator(_period)]
"""A billing period, written YYYY-MM."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="Code of ISO 4217.")]
Uri = Annotated[Text, AfterValidator(_with_home)]
"""An address in which ``{home}`` is FINOPS_HOME."""
File = Annotated[Text, AfterValidator(_as_path)]
"""A file: ``{home}`` is FINOPS_HOME, a relative path counts from the folder of the configuration."""
