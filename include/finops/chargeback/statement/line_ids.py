"""Names and digests of a statement's lines: the same for the same content, whatever the order and the build."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

Key = tuple[str, ...]


def line_id(kind: str, key: Key) -> str:
    """Return the name of the line with this key, ``d…`` (direct) or ``s…`` (shared); it stays from month to month."""
    return f"{kind}{_digest(key)[:12]}"


def together(parts: Iterable[Key]) -> str:
    """Return one digest of lines in any order."""
    return _digest(sorted(parts))


def _digest(content: object) -> str:
    # JSON, because joined texts could be cut elsewhere and read the same.
    return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()
