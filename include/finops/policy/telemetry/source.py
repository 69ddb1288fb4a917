"""What every source of telemetry has, and the one whose telemetry is files already."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from finops.core.telemetry import TelemetryKind
from finops.policy.loader import Entry, File

FILE = "telemetry.yml"


class TelemetrySource(Entry):
    """One place where telemetry of one kind is found."""

    model_config = ConfigDict(populate_by_name=True)

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$",
        description="What the operator calls it: lower-case letters, digits, - and _; unique. A folder is named so.",
    )
    kind: TelemetryKind
    type: str = Field(description="How it is read.")


class FileSource(TelemetrySource):
    """Files, which together are what the source says of a day."""

    type: Literal["files"] = "files"
    from_path: File = Field(alias="from", description="A folder, a file, or a pattern with * and **.")
    optional: bool = Field(default=False, description="The place may be absent: there is then nothing to land.")
