"""Who pays for what is shared: the rules of ``allocation.yml``, checked before anything runs."""

from finops.policy.allocation.digests import digest
from finops.policy.allocation.loader import FILE, load
from finops.policy.allocation.models import Rules

__all__ = ["FILE", "Rules", "digest", "load"]
