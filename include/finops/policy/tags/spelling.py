"""One form for all spellings of a tag key. dbt has the same rule in the macro ``folded_tag_key``."""

from __future__ import annotations

import re

_PREFIX = re.compile(r"^(?:user[:_/]|cost_category/|accounttag/)")
_SEPARATORS = re.compile(r"[-_. :/]")


def fold(key: str) -> str:
    """Return the key without case, separators and the prefix a cloud puts before it.

    ``CostCenter``, ``cost_center`` and ``user:cost-center`` are all ``costcenter``.
    """
    return _SEPARATORS.sub("", _PREFIX.sub("", key.strip(" ").lower()))
