"""Who pays for what is shared: the rules of ``allocation.yml``, checked before anything runs."""

from finops.core.settings import Settings
from finops.policy import loader
from finops.policy.allocation.checks import faults
from finops.policy.allocation.digests import digest
from finops.policy.allocation.models import Rules

__all__ = ["FILE", "Rules", "digest", "load"]

FILE = "allocation.yml"


def load(settings: Settings) -> Rules:
    """Return the rules of the configuration folder; without the file, or when it is empty, there are none.

    Raise BadInput, naming file, line and key: for an invalid entry, shares that do not sum to one, an unknown column,
    selection or driver, pools that select the same rows, a cycle.
    """
    rules, found = loader.load(settings, FILE, Rules)
    for place, says in faults(rules, found):
        raise found.error(place, says)
    return rules
