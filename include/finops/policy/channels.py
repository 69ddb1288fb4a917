"""Who is told of what, where and when: ``channels.yml``. It holds no secret."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from finops.core.events import Severity
from finops.core.settings import Settings
from finops.policy.loader import Entry, File, Text
from finops.policy.loader import load as load_file
from finops.policy.located_yaml import Located, Place

FILE = "channels.yml"
PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SATURDAY = 5


def _a_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be a time zone such as UTC or Europe/Berlin") from None
    return name


def _an_address(text: str, info: ValidationInfo) -> str:
    parts = urlsplit(text)
    trusted = info.context["settings"].trusted_channel_hosts if info.context else frozenset()
    if "@" in parts.netloc or parts.query:
        raise ValueError("must hold no password and no token; a secret is kept in a connection, a file or a setting")
    is_trusted = {parts.netloc, parts.hostname} & trusted
    if parts.scheme != "https" and not (parts.scheme == "http" and is_trusted):
        raise ValueError("must be an https:// address; http:// is for a host in FINOPS_CHANNEL_HOSTS alone")
    return text


def _listed(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


Clock = Annotated[time, Field(description="Time of day, HH:MM.")]
Zone = Annotated[str, AfterValidator(_a_zone)]
Names = Annotated[tuple[Text, ...], BeforeValidator(_listed)]
Severities = Annotated[tuple[Severity, ...], BeforeValidator(_listed)]


class QuietHours(Entry):
    """When a channel gets critical events alone: from one time of day to another, also over midnight."""

    begin: Clock
    end: Clock
    time_zone: Zone = "UTC"
    weekends: bool = Field(default=False, description="Saturday and Sunday are quiet as a whole.")

    def ends(self, now: datetime) -> datetime:
        """Return when a channel may be told again: ``now`` itself where it is not quiet."""
        zone = ZoneInfo(self.time_zone)
        local = now.astimezone(zone)
        # Civil time, in which a day of clock change lacks an hour: a few steps find the first moment that is not quiet.
        for _ in range(6):
            if self.weekends and local.weekday() >= _SATURDAY:
                local = datetime.combine(local.date() + timedelta(days=1), time(), zone)
            elif self._is_quiet(local.time()):
                days = 1 if self.begin > self.end and local.time() >= self.begin else 0
                local = datetime.combine(local.date() + timedelta(days=days), self.end, zone)
            else:
                break
        return max(now, local.astimezone(now.tzinfo))

    def _is_quiet(self, clock: time) -> bool:
        if self.begin <= self.end:
            return self.begin <= clock < self.end
        return clock >= self.begin or clock < self.end


class Channel(Entry):
    """A place where people are told. Its secret is in a connection, a file, or FINOPS_CHANNEL_SECRETS by its name."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,79}$", description="What the other entries call it.")]
    connection: Text | None = Field(default=None, description="Airflow Connection whose password is the secret.")
    secret_file: File | None = Field(default=None, description="File that holds the secret and nothing else.")
    quiet_hours: QuietHours | None = None
    per_minute: Annotated[int, Field(ge=1, le=600, description="Messages in a minute at most.")] = 30


class Slack(Channel):
    """An incoming webhook of Slack; its address is the secret."""

    type: Literal["slack"]


class Teams(Channel):
    """A workflow of Microsoft Teams, "when a Teams webhook request is received"; its address is the secret."""

    type: Literal["teams"]


class PagerDuty(Channel):
    """A service of PagerDuty, by Events API v2; its integration key is the secret."""

    type: Literal["pagerduty"]
    to: Annotated[Text, AfterValidator(_an_address)] = PAGERDUTY


class Mail(Channel):
    """One address, of a person or a list. More addresses are more channels, so that each is told once."""

    type: Literal["mail"]
    to: Annotated[str, Field(pattern=r"^[^\s@,;<>?&\"']+@[^\s@,;<>?&\"']+$")]


class Webhook(Channel):
    """Any receiver of JSON; the secret is the key that it is signed with."""

    type: Literal["webhook"]
    to: Annotated[Text, AfterValidator(_an_address)]


class Route(Entry):
    """Events of these kinds, severities and owners go to these channels. What is not named matches all."""

    kind: Names = ()
    severity: Severities = ()
    owner: Names = ()
    to: Names = Field(default=(), description="Names of channels; none: such events are in digests alone.")


class Escalation(Entry):
    """An event that was told, and that nobody has acknowledged after some minutes, goes to these channels too."""

    after_minutes: Annotated[int, Field(ge=1, le=10_080)]
    severity: Severities = (Severity.CRITICAL,)
    to: Names


class Digest(Entry):
    """The events of a day, or of a week, in one message at a time of day."""

    every: Literal["day", "week"]
    at: Clock = time(8)
    day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    time_zone: Zone = "UTC"
    to: Names

    def last(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the beginning and the end of the last whole period."""
        zone = ZoneInfo(self.time_zone)
        local = now.astimezone(zone)
        back = (local.weekday() - _DAYS.index(self.day)) % 7 if self.every == "week" else 0
        length = 7 if self.every == "week" else 1
        day = local.date() - timedelta(days=back)
        if datetime.combine(day, self.at, zone) > local:
            day -= timedelta(days=length)
        end = datetime.combine(day, self.at, zone)
        return datetime.combine(day - timedelta(days=length), self.at, zone), end


AnyChannel = Slack | Teams | PagerDuty | Mail | Webhook


class Channels(Entry):
    """The whole file. Without channels nobody is told anything."""

    channels: tuple[Annotated[AnyChannel, Field(discriminator="type")], ...] = ()
    routes: tuple[Route, ...] = ()
    otherwise: Names = Field(default=(), description="Channels of events that no route names.")
    instead: Names = Field(default=(), description="Who hears of it when a channel fails; none: any other channel.")
    escalation: tuple[Escalation, ...] = ()
    digests: tuple[Digest, ...] = ()

    def named(self, name: str) -> AnyChannel | None:
        """Return a channel by its name."""
        return next((each for each in self.channels if each.name == name), None)


def load(settings: Settings) -> Channels:
    """Return the file, or no channels where there is none.

    Raise BadInput, naming file, line and key, when it is invalid, has a channel twice, or names one that it has not.
    """
    content, found = load_file(settings, FILE, Channels)
    names: set[str] = set()
    for number, channel in enumerate(content.channels):
        if channel.name in names:
            raise found.error(("channels", number, "name"), f"channel {channel.name} appears twice")
        names.add(channel.name)
        if channel.connection and channel.secret_file:
            raise found.error(("channels", number), "has a connection and a secret_file; keep one of them")
    for place, named in _named(content):
        _require_known(found, names, place, named)
    return content


def _named(content: Channels) -> list[tuple[Place, tuple[str, ...]]]:
    places: list[tuple[Place, tuple[str, ...]]] = [
        (("otherwise",), content.otherwise),
        (("instead",), content.instead),
    ]
    places += [(("routes", number, "to"), each.to) for number, each in enumerate(content.routes)]
    places += [(("escalation", number, "to"), each.to) for number, each in enumerate(content.escalation)]
    places += [(("digests", number, "to"), each.to) for number, each in enumerate(content.digests)]
    return places


def _require_known(found: Located, names: set[str], place: Place, named: tuple[str, ...]) -> None:
    for each in named:
        if each not in names:
            known = ", ".join(sorted(names)) or "none yet"
            raise found.error(place, f"there is no channel {each!r}; known are {known}")
