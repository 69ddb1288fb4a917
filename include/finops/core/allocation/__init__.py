"""Who pays for what is shared: the rules of ``allocation.yml``, checked before anything runs."""

from finops.core.allocation.loader import FILE, load
from finops.core.allocation.models import Rules

__all__ = ["FILE", "Rules", "load"]
