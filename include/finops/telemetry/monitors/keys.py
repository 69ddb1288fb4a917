"""From the labels of what a monitoring system measures to the key columns of rows."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from finops.core.errors import BadInput
from finops.policy.telemetry import ColumnSource

_LOG = logging.getLogger(__name__)

Key = tuple[str | None, ...]


@dataclass(slots=True)
class Keys:
    """From labels or dimensions to the key columns of rows. ``without`` counts those that lack what a key needs."""

    columns: Mapping[str, ColumnSource | None]
    required: frozenset[str]
    found: int = 0
    without: int = 0

    @property
    def labels(self) -> list[str]:
        """The labels that a query must keep."""
        return list(dict.fromkeys(each.from_name for each in self.columns.values() if each and each.from_name))

    def of(self, labels: Mapping[str, str]) -> Key | None:
        """Return the key, or None when a required part of it is missing."""
        key = tuple(
            each.text(labels.get(each.from_name or "")) if each is not None else None for each in self.columns.values()
        )
        if any(text is None and name in self.required for name, text in zip(self.columns, key, strict=True)):
            self.without += 1
            return None
        self.found += 1
        return key

    def check(self, name: str) -> None:
        """Say which series were left out. Raise BadInput when all were."""
        if self.without and not self.found:
            raise BadInput(
                f"none of {self.without:,} series of source {name} has the labels that its columns need "
                f"({', '.join(self.labels)}), as their patterns want them; correct columns, or aggregate by ($by)"
            )
        if self.without:
            _LOG.warning("%s: %d series lack a label that a column needs, and are left out", name, self.without)
