"""What the two files say, frozen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from finops.core.focus import COLUMNS
from finops.core.providers import Provider
from finops.policy.loader import Entry, Text
from finops.policy.tags.spelling import fold

VALUE = "{value}"
"""In the pattern of a parent's id: the last part of what the tag says, after any ``/`` and ``:``."""

_ALLOWED = {column.snake: frozenset(column.allowed) for column in COLUMNS}


class Source(StrEnum):
    """Where a charge's value of a key comes from."""

    TAG = "tag"
    PARENT = "parent"
    LABEL = "label"
    COST_CATEGORY = "cost_category"
    RULE = "rule"


class Overrides(StrEnum):
    """When a rule's value counts."""

    MISSING = "missing"
    ALWAYS = "always"


class ValueCase(StrEnum):
    """What becomes of the case of a value."""

    KEEP = "keep"
    LOWER = "lower"


class Dimension(StrEnum):
    """A column of the marts that a key of the policy fills; without a key it holds ``(none)``."""

    COST_CENTER = "cost_center"
    AI_PROJECT = "ai_project"
    AI_MODEL = "ai_model"
    AI_STAGE = "ai_stage"
    ENVIRONMENT = "environment"
    OWNER = "owner"
    EXPERIMENT_ID = "experiment_id"
    RESOURCE_TYPE = "resource_type"


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) or value is None else [value]


def _patterns(value: Any) -> Any:
    """Take one value or several; an account's number is text here, whatever YAML makes of it."""
    return tuple(str(each) if isinstance(each, int) else each for each in _listed(value) or ())


Patterns = Annotated[tuple[Text, ...], BeforeValidator(_patterns)]


class Scope(Entry):
    """Charges, by what describes them. Every condition given must hold; in a list one of the values must.

    A value may hold ``*`` (anything) and ``?`` (one character); case counts.
    """

    provider: Annotated[tuple[Provider, ...], BeforeValidator(_listed)] = ()
    billing_account_id: Patterns = ()
    sub_account_id: Patterns = ()
    sub_account_name: Patterns = ()
    service_name: Patterns = ()
    service_category: Patterns = ()
    charge_category: Patterns = ()
    region_id: Patterns = ()
    has_resource: bool | None = None

    def model_post_init(self, _: Any) -> None:
        """Refuse categories that FOCUS does not have."""
        for column in ("service_category", "charge_category"):
            for value in getattr(self, column):
                if value not in _ALLOWED[column]:
                    raise ValueError(f"{column} {value!r} is none of {', '.join(sorted(_ALLOWED[column]))}")

    def texts(self) -> dict[str, tuple[str, ...]]:
        """Return the conditions on text columns by column, those not given as empty."""
        return {column: tuple(str(value) for value in getattr(self, column)) for column in SCOPE_COLUMNS}


SCOPE_COLUMNS = (
    "provider",
    "billing_account_id",
    "sub_account_id",
    "sub_account_name",
    "service_name",
    "service_category",
    "charge_category",
    "region_id",
)
"""The describing columns that a scope or a rule may name."""


class When(Scope):
    """The charges a rule is about: a scope, and what only lines have."""

    resource_id: Patterns = ()
    tags: dict[str, Patterns] = Field(default_factory=dict, description="Canonical key → what its tag must say.")
    from_date: date | None = Field(default=None, alias="from", description="First UTC day, inclusive.")
    to_date: date | None = Field(default=None, alias="to", description="UTC day after the last.")

    def model_post_init(self, context: Any) -> None:
        """Refuse a period that has no day."""
        super().model_post_init(context)
        if self.from_date and self.to_date and self.from_date >= self.to_date:
            raise ValueError(f"from {self.from_date} is not before to {self.to_date}")


def _scopes(value: Any) -> Any:
    if isinstance(value, bool):
        return (Scope(),) if value else ()
    return _listed(value)


class TagKey(Entry):
    """One key of the taxonomy."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
    description: str = ""
    dimension: Dimension | None = Field(default=None, description="The column of the marts that it fills.")
    required: Annotated[tuple[Scope, ...], BeforeValidator(_scopes)] = Field(
        default=(Scope(),), description="Charges that must carry it: true (all), false (none), or scopes."
    )
    allowed: tuple[Text, ...] = ()
    pattern: str | None = None
    case: ValueCase = ValueCase.KEEP
    aliases: tuple[Text, ...] = Field(default=(), description="Other names, beside other spellings of its own.")
    values: dict[Text, Text] = Field(default_factory=dict, description="Other spelling of a value → the value.")

    @property
    def spellings(self) -> tuple[str, ...]:
        """The names it goes by, folded; its own first."""
        return tuple(dict.fromkeys((fold(self.name), *map(fold, self.aliases))))


class Rule(Entry):
    """Values for charges that nobody tagged, or tagged wrongly."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    version: Annotated[int, Field(ge=1)] = 1
    set: Annotated[dict[str, Text], Field(min_length=1)]
    when: When
    overrides: Overrides = Overrides.MISSING

    @property
    def source(self) -> str:
        """What the charges that it decides say of it, for example ``rule:platform-account@2``."""
        return f"{Source.RULE}:{self.id}@{self.version}"


class Parent(Entry):
    """How a resource's tag names another resource, whose own tags it inherits where it has none."""

    key: Text
    resource: Annotated[Patterns, Field(min_length=1)]

    @field_validator("resource")
    @classmethod
    def _is_whole_last_part(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            before = pattern.removesuffix(VALUE)
            if before == pattern or VALUE in before or before[-1:] not in ("", "/", ":"):
                raise ValueError(f"{pattern!r} must be {VALUE} alone or end in /{VALUE} or :{VALUE}")
        return patterns

    @property
    def prefixes(self) -> list[str]:
        """What may stand before the value in the parent's id, as patterns in lower case."""
        return [pattern.removesuffix(VALUE).lower() for pattern in self.resource]


class AccountLabels(Entry):
    """Labels of accounts, subscriptions and projects that the bill does not carry."""

    sub_account_id: Annotated[tuple[Text, ...], BeforeValidator(_patterns), Field(min_length=1)]
    labels: Annotated[dict[str, Text], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Values that something other than the charge itself gives, and the charges it gives them to."""

    kind: Source
    source: str
    values: dict[str, str]
    when: When
    overrides_tags: bool = False


class Taxonomy(Entry):
    """``tag_policy.yml``."""

    precedence: tuple[Source, ...] = tuple(Source)
    keys: Annotated[tuple[TagKey, ...], Field(min_length=1)]


class VirtualTags(Entry):
    """``virtual_tags.yml``."""

    parents: tuple[Parent, ...] = ()
    account_labels: tuple[AccountLabels, ...] = ()
    rules: tuple[Rule, ...] = ()


class TagPolicy(VirtualTags, Taxonomy):
    """Both files."""

    @property
    def digest(self) -> str:
        """Changes when anything that decides a value changes."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def parents_digest(self) -> str:
        """Changes when anything changes that says what is inherited."""
        said = [parent.model_dump_json() for parent in self.parents]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()

    @property
    def owner_key(self) -> str:
        """The key that says which cost centre pays."""
        return next(each.name for each in self.keys if each.dimension is Dimension.COST_CENTER)

    def key(self, name: str) -> TagKey | None:
        """Return the key of this canonical name."""
        return next((each for each in self.keys if each.name == name), None)

    def assignments(self) -> Iterator[Assignment]:
        """Yield account labels and rules as one ordered list, labels first."""
        for label in self.account_labels:
            when = When(sub_account_id=label.sub_account_id)
            yield Assignment(Source.LABEL, Source.LABEL.value, label.labels, when)
        for rule in self.rules:
            yield Assignment(Source.RULE, rule.source, rule.set, rule.when, rule.overrides is Overrides.ALWAYS)
