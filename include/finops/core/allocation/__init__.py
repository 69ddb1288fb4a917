"""Who pays for what is shared: the rules of ``allocation.yml``, checked before anything runs."""

from finops.core.allocation.digests import digest
from finops.core.allocation.loader import FILE, load, of_build
from finops.core.allocation.models import Rules

__all__ = ["FILE", "Rules", "digest", "load", "of_build"]
