"""All actions, by cloud and name. Each cloud's package lists its own as ``ACTIONS``."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from finops.core.errors import BadInput
from finops.core.providers import CLOUDS
from finops.rightsizing.actions.model import Action


def every() -> tuple[Action, ...]:
    """Return all actions, by cloud and name."""
    found = [each for cloud in CLOUDS for each in _of(cloud)]
    return tuple(sorted(found, key=lambda each: (each.provider, each.name)))


def find(provider: str, name: str) -> Action:
    """Return an action. Raise BadInput for one that the cloud does not have."""
    of_provider = [each for each in every() if each.provider == provider]
    for each in of_provider:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in of_provider) or "none"
    raise BadInput(f"there is no action {name!r} of {provider}; known are {known}")


def _of(cloud: str) -> tuple[Action, ...]:
    package = f"{__package__}.{cloud}"
    return import_module(package).ACTIONS if find_spec(package) is not None else ()
