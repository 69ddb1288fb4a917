"""Where usage telemetry comes from: ``telemetry.yml``."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.policy.loader import Entry, File
from finops.policy.loader import load as load_file

FILE = "telemetry.yml"


class TelemetrySource(Entry):
    """One place where telemetry of one kind is found. Its files together are what it says of a day."""

    model_config = ConfigDict(populate_by_name=True)

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$",
        description="What the operator calls it: lower-case letters, digits, - and _; unique. A folder is named so.",
    )
    kind: TelemetryKind
    type: Literal["files"] = Field(default="files", description="How it is read.")
    from_path: File = Field(alias="from", description="A folder, a file, or a pattern with * and **.")
    optional: bool = Field(default=False, description="The place may be absent: there is then nothing to land.")


class _Telemetry(Entry):
    sources: tuple[TelemetrySource, ...] = ()


def load(settings: Settings) -> tuple[TelemetrySource, ...]:
    """Return the sources in their order, ``{home}`` replaced; none without the file.

    Raise BadInput, naming file, line and key, for an invalid one, and for a name that appears twice.
    """
    content, found = load_file(settings, FILE, _Telemetry)
    names: set[str] = set()
    for number, each in enumerate(content.sources):
        if each.name in names:
            raise found.error(("sources", number, "name"), f"source {each.name} appears twice")
        names.add(each.name)
    return content.sources
