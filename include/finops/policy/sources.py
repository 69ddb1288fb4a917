"""Where bills come from: ``sources.yml``."""

from __future__ import annotations

from pydantic import Field

from finops.core.formats import SourceFormat
from finops.core.providers import ANY_VENDOR, CLOUDS, Provider
from finops.core.settings import Settings
from finops.policy.loader import Entry, Text, Uri
from finops.policy.loader import load as load_file

FILE = "sources.yml"


class ConfiguredSource(Entry):
    """One place where bills of one provider are found, or those in FOCUS of any other vendor (``focus``).

    A vendor's name keeps all rows under it, whatever name they say: for a vendor that took a new name.
    """

    name: Text = Field(description="What the operator calls it; unique.")
    provider: Provider
    uri: Uri = Field(description="As --from of `finops ingest`.")
    connection: str | None = Field(default=None, description="Airflow Connection with the credentials.")
    export: str | None = Field(default=None, description="As --source of `finops ingest`.")
    no_manifest: bool = False
    format: SourceFormat | None = Field(default=None, description="As --format of `finops ingest`.")

    def is_of(self, provider: Provider | None) -> bool:
        """Tell whether its bills are the provider's; None stands for all, ANY_VENDOR for all but the clouds'."""
        is_of_vendor = provider == ANY_VENDOR and self.provider not in CLOUDS
        return provider in (None, self.provider) or is_of_vendor


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
