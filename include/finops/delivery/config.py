"""Who gets statements where: ``delivery.yml`` in the configuration folder."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.delivery.models import Addressee, Target
from finops.policy.located_yaml import Located, Place, read

FILE = "delivery.yml"
_ADDRESS = re.compile(r"[^\s@,;<>?&\"']+@[^\s@,;<>?&\"']+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_FORMS = (
    "give a folder (/path or {home}/path), s3://bucket/prefix, az://account/container/prefix, gs://bucket/prefix or "
    "mailto:person@company.example"
)
_LONGEST_URI = 512


def load(settings: Settings) -> tuple[Addressee, ...]:
    """Return the audiences that have targets, the company first, ``{home}`` replaced.

    Raise BadInput, naming file, line and key, when the file is missing or is not as it should be.
    """
    path = settings.configuration_dir / FILE
    if not path.exists():
        raise BadInput(f"{path} does not exist; write it to say who gets statements where")
    file = read(path)
    content = {} if file.content is None else file.content
    _require(isinstance(content, dict), file, (), "must be a mapping")
    for key in content:
        _require(key in ("company", "cost_centers"), file, (key,), "is no key; there are company and cost_centers")
    cost_centers = content.get("cost_centers") or {}
    _require(isinstance(cost_centers, dict), file, ("cost_centers",), "must be a mapping from cost centre to targets")
    found = [Addressee(None, _targets(settings, file, ("company",), content.get("company")))]
    for name, entries in cost_centers.items():
        found.append(Addressee(name, _targets(settings, file, ("cost_centers", name), entries)))
    return tuple(each for each in found if each.targets)


def has_targets(settings: Settings) -> bool:
    """Tell whether anybody gets statements anywhere; who wrote no file wants none delivered."""
    return (settings.configuration_dir / FILE).exists() and bool(load(settings))


def _targets(settings: Settings, file: Located, place: Place, entries: Any) -> tuple[Target, ...]:
    _require(entries is None or isinstance(entries, list), file, place, "must be a list of targets")
    targets = []
    for number, entry in enumerate(entries or []):
        where = (*place, number)
        given = {"to": entry} if isinstance(entry, str) else entry
        _require(isinstance(given, dict), file, where, f"must be a target; {_FORMS}")
        for field, value in given.items():
            _require(field in ("to", "connection"), file, (*where, field), "is no key; there are to and connection")
            _require(isinstance(value, str) and bool(value), file, (*where, field), "must be a text")
        _require("to" in given, file, where, f"lacks to; {_FORMS}")
        uri = given["to"].replace("{home}", str(settings.root))
        if reason := _fault(uri):
            raise file.error((*where, "to"), reason)
        targets.append(Target(uri.rstrip("/"), given.get("connection")))
    twice = [uri for uri, count in Counter(each.uri for each in targets).items() if count > 1]
    _require(not twice, file, place, f"has the target {twice[:1]} twice")
    return tuple(targets)


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
        container = parts.path.strip("/").partition("/")[0]
        return None if parts.netloc and container else f"{uri!r} names no account and container; {_FORMS}"
    if parts.scheme == "mailto":
        is_one = _ADDRESS.fullmatch(uri.removeprefix("mailto:"))
        return None if is_one else f"{uri!r} is not one address; each gets a target of its own"
    return None if not parts.scheme and Path(uri).is_absolute() else f"{uri!r} is no target; {_FORMS}"


def _require(holds: bool, file: Located, place: Place, fault: str) -> None:
    if not holds:
        raise file.error(place, fault)
