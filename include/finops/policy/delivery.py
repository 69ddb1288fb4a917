"""Who gets statements where: ``delivery.yml``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from finops.core.settings import Settings
from finops.policy.loader import Entry, Text, Uri
from finops.policy.loader import load as load_file

FILE = "delivery.yml"
_ADDRESS = re.compile(r"[^\s@,;<>?&\"']+@[^\s@,;<>?&\"']+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_BLOB_HOST = re.compile(
    r"[a-z0-9]{3,24}\.(?:blob\.core\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)|z\d{1,2}\.blob\.storage\.azure\.net)"
)
_FORMS = (
    "give a folder (/path or {home}/path), s3://bucket/prefix, az://account/container/prefix, gs://bucket/prefix or "
    "mailto:person@company.example"
)
_LONGEST_URI = 512


@dataclass(frozen=True, slots=True)
class Target:
    """A configured place. ``uri`` holds no secret; ``connection`` is the Airflow Connection with the credentials."""

    uri: str
    connection: str | None = None

    @property
    def is_mailbox(self) -> bool:
        """Whether what arrives there can neither be replaced nor taken back."""
        return self.uri.startswith("mailto:")


@dataclass(frozen=True, slots=True)
class Addressee:
    """An audience and its places. ``cost_center`` is None for the whole company."""

    cost_center: str | None
    targets: tuple[Target, ...]


def _address(uri: str, info: ValidationInfo) -> str:
    hosts = info.context["settings"].other_blob_hosts if info.context else ()
    if fault := _fault(uri) or fault_of_host(uri, hosts):
        raise ValueError(fault)
    return uri.rstrip("/")


class _Target(Entry):
    to: Annotated[Uri, AfterValidator(_address)]
    connection: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_address(cls, given: Any) -> Any:
        if not isinstance(given, str | dict):
            raise ValueError(f"must be a target; {_FORMS}")
        return {"to": given} if isinstance(given, str) else given


def _each_once(targets: tuple[_Target, ...]) -> tuple[_Target, ...]:
    for uri, count in Counter(each.to for each in targets).items():
        if count > 1:
            raise ValueError(f"has the target {uri!r} twice")
    return targets


_Targets = Annotated[
    tuple[_Target, ...], BeforeValidator(lambda given: () if given is None else given), AfterValidator(_each_once)
]


class _Delivery(Entry):
    company: _Targets = ()
    cost_centers: dict[str, _Targets] = Field(default_factory=dict)


def load(settings: Settings) -> tuple[Addressee, ...]:
    """Return the audiences that have targets, the company first, ``{home}`` replaced.

    Raise BadInput, naming file, line and key, when the file is missing or invalid.
    """
    content, _ = load_file(settings, FILE, _Delivery, missing="write it to say who gets statements where")
    found = [(None, content.company), *content.cost_centers.items()]
    return tuple(
        Addressee(name, tuple(Target(t.to, t.connection) for t in targets)) for name, targets in found if targets
    )


def has_targets(settings: Settings) -> bool:
    """Tell whether anybody gets statements anywhere; who wrote no file wants none delivered."""
    return (settings.configuration_dir / FILE).exists() and bool(load(settings))


def fault_of_host(uri: str, others: Collection[str]) -> str | None:
    """Return what is wrong with the host of a blob target: it gets statements and, with a key, credentials.

    ``others`` are the hosts that the operator trusts beside Azure's own.
    """
    parts = urlsplit(uri)
    if parts.scheme == "http":
        return f"{uri!r} is not encrypted; {_FORMS}"
    if parts.scheme == "az" and not _ACCOUNT.fullmatch(parts.netloc):
        return f"{parts.netloc!r} is no storage account: 3 to 24 lower-case letters and digits"
    if parts.scheme == "https" and not (_BLOB_HOST.fullmatch(parts.netloc) or parts.netloc in others):
        return (
            f"{parts.netloc!r} is not Azure's blob storage; give account.blob.core.windows.net, or name a host that "
            "you trust in FINOPS_BLOB_HOSTS"
        )
    return None


def _fault(uri: str) -> str | None:
    """Return what is wrong with a target's address. One that may hold a secret is not repeated."""
    parts = urlsplit(uri)
    if parts.scheme != "mailto" and ("@" in parts.netloc or parts.query):
        return "must hold no password and no signature; credentials stand beside it, in connection"
    if len(uri) > _LONGEST_URI:
        return f"is longer than {_LONGEST_URI} characters"
    if parts.scheme in ("s3", "gs"):
        return None if _BUCKET.fullmatch(parts.netloc) else f"{uri!r} names no valid bucket; {_FORMS}"
    if parts.scheme in ("az", "https"):
        if not parts.netloc.isascii() or "\\" in uri:
            return f"{uri!r} is no address; {_FORMS}"
        container = parts.path.strip("/").partition("/")[0]
        return None if parts.netloc and container else f"{uri!r} names no account and container; {_FORMS}"
    if parts.scheme == "mailto":
        is_one = _ADDRESS.fullmatch(uri.removeprefix("mailto:"))
        return None if is_one else f"{uri!r} is not one address; each gets a target of its own"
    return None if not parts.scheme and Path(uri).is_absolute() else f"{uri!r} is no target; {_FORMS}"
