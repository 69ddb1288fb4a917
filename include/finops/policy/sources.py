"""Where bills come from: ``sources.yml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from finops.core.formats import ANY_VENDOR, CLOUDS, Provider, SourceFormat
from finops.core.settings import Settings
from finops.policy.loader import Entry, Text, Uri
from finops.policy.loader import load as load_file

FILE = "sources.yml"


def _one_of_them(given: object) -> object:
    if given not in (*CLOUDS, ANY_VENDOR):
        raise ValueError(f"must be {', '.join(map(repr, map(str, CLOUDS)))} or {str(ANY_VENDOR)!r} (it is {given!r})")
    return given


class ConfiguredSource(Entry):
    """One place where bills of one provider are found, or those in FOCUS of any other vendor (``focus``)."""

    name: Text = Field(description="What the operator calls it; unique.")
    provider: Annotated[Provider, BeforeValidator(_one_of_them)]
    uri: Uri = Field(description="As --from of `finops ingest`.")
    connection: str | None = Field(default=None, description="Airflow Connection with the credentials.")
    export: str | None = Field(default=None, description="As --source of `finops ingest`.")
    no_manifest: bool = False
    format: SourceFormat | None = Field(default=None, description="As --format of `finops ingest`.")


class _Sources(Entry):
    sources: tuple[ConfiguredSource, ...]


def load(settings: Settings) -> tuple[ConfiguredSource, ...]:
    """Return the configured sources in their order, ``{home}`` replaced.

    Raise BadInput, naming file, line and key, when the file is missing or invalid, or a name appears twice.
    """
    content, found = load_file(settings, FILE, _Sources, missing="write it, or name --provider and --from")
    names: list[str] = []
    for number, each in enumerate(content.sources):
        if each.name in names:
            raise found.error(("sources", number, "name"), f"source {each.name} appears twice")
        names.append(each.name)
    return content.sources
