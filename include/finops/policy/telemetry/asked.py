"""What sources have in common that are asked for their telemetry: days, login, and where a column's text comes from."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from finops.policy.loader import Entry, File, Text
from finops.policy.telemetry.source import TelemetrySource


def _an_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good:
        raise ValueError("must be an address such as https://prometheus.example:9090")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must hold no login, no ? and no #; a login is kept in a connection or in token_file")
    return text.rstrip("/")


def _an_expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression ({error})") from None
    return text


Url = Annotated[Text, AfterValidator(_an_address)]
Pattern = Annotated[Text, AfterValidator(_an_expression)]


class ColumnSource(Entry):
    """Where the text of a column comes from: a label, tag or dimension (``from``), or one text for all (``value``).

    ``pattern`` is a regular expression that the whole text must match; its first group is taken, or what ``becomes``
    makes of it (``\\1`` is the first group). ``names`` replaces what is left. A text alone stands for ``from``.
    """

    model_config = ConfigDict(populate_by_name=True)

    from_name: Text | None = Field(default=None, alias="from", description="Label, tag, parameter or dimension.")
    value: Text | None = Field(default=None, description="The text of every row; with from, of those that have none.")
    pattern: Pattern | None = None
    becomes: Text | None = None
    lower_case: bool = Field(default=False, description="Write what is left in small letters.")
    names: dict[str, Text] = Field(default={}, description="From what the monitoring system says to what bills say.")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        return {"from": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _whole(self) -> ColumnSource:
        if self.from_name is None and self.value is None:
            raise ValueError("needs from or value")
        if self.from_name is None and (self.pattern or self.lower_case or self.names):
            raise ValueError("pattern, lower_case and names need from")
        if self.becomes is not None:
            if self.pattern is None:
                raise ValueError("becomes needs pattern")
            _require_template(self.pattern, self.becomes)
        return self

    def text(self, found: str | None) -> str | None:
        """Return the column's text for what was found under ``from``; None where there is none."""
        if not found:
            return self.value
        if self.pattern is not None:
            match = re.fullmatch(self.pattern, found)
            if match is None:
                return self.value
            found = match.expand(self.becomes) if self.becomes else match[1] if match.re.groups else match[0]
        if self.lower_case:
            found = (found or "").lower()
        return self.names.get(found or "", found) or self.value


def _require_template(pattern: str, template: str) -> None:
    groups = re.compile(pattern).groups
    # An expression that always matches, with as many groups, tells whether the template names others.
    match = re.fullmatch("()" * groups, "") if groups else re.fullmatch("", "")
    try:
        assert match is not None  # noqa: S101 -- it matches by construction
        match.expand(re.sub(r"\\g<[A-Za-z_]\w*>", "", template))
    except (re.error, IndexError) as error:
        raise ValueError(f"becomes: {error}") from None


class AskedSource(TelemetrySource):
    """A monitoring system, asked day by day (UTC). ``is_of_now``: it knows what is, and nothing of past days."""

    is_of_now: ClassVar[bool] = False

    connection: Text | None = Field(default=None, description="Airflow Connection with the credentials.")
    days_back: int = Field(default=3, ge=0, le=400, description="Days before today that are asked for, if not landed.")
    settle_minutes: int = Field(
        default=15, ge=0, le=1440, description="How long after an hour, or a day, its telemetry is complete there."
    )
    timeout_seconds: int = Field(default=60, ge=1, le=600, description="How long one answer may take.")


class HttpSource(AskedSource):
    """A monitoring system with an HTTP API of its own."""

    url: Url
    token_file: File | None = Field(default=None, description="File with a bearer token, where there is no connection.")
    ca_file: File | None = Field(
        default=None, description="Certificates (PEM) that its certificate is checked against."
    )
