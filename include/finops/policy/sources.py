"""The configured sources: ``sources.yml`` in the configuration folder."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from finops.core.errors import BadInput
from finops.core.formats import Provider
from finops.core.settings import Settings
from finops.policy.located_yaml import read


class ConfiguredSource(BaseModel):
    """One place where bills of one provider are found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="What the operator calls it; unique.")
    provider: Provider
    uri: str = Field(min_length=1, description="As --from of `finops ingest`.")
    connection: str | None = Field(default=None, description="Airflow Connection with the credentials.")
    export: str | None = Field(default=None, description="As --source of `finops ingest`.")
    no_manifest: bool = False


def load(settings: Settings) -> tuple[ConfiguredSource, ...]:
    """Return the configured sources in their order, ``{home}`` replaced.

    Raise BadInput, naming the file, the source and the field, when the file is missing or is not as it should be.
    """
    path = settings.configuration_dir / "sources.yml"
    if not path.exists():
        raise BadInput(f"{path} does not exist; write it, or name --provider and --from")
    file = read(path)
    entries = file.content.get("sources") if isinstance(file.content, dict) else None
    if not isinstance(entries, list):
        raise file.error(("sources",), "there is no list `sources`")
    found = []
    for number, entry in enumerate(entries, start=1):
        try:
            source = ConfiguredSource.model_validate(entry)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = entry.get("name", f"number {number}") if isinstance(entry, dict) else f"number {number}"
            field = ".".join(map(str, first["loc"])) or "the entry"
            raise BadInput(f"{path}: source {name}: {field}: {first['msg']}") from None
        found.append(source.model_copy(update={"uri": source.uri.replace("{home}", str(settings.root))}))
    twice = [name for name, count in Counter(each.name for each in found).items() if count > 1]
    if twice:
        raise BadInput(f"{path}: source {twice[0]} appears twice")
    return tuple(found)
