"""The types of published sets of statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finops.chargeback.statement.models import Statement
from finops.core.periods import BillingPeriod
from finops.stores.statements import StatementFile


@dataclass(frozen=True, slots=True)
class StatementSet:
    """The published statements of one billing period. ``path`` is the folder that readers open.

    ``statements`` is empty for a closed month, whose statements are not made again. ``notice`` says so.
    """

    path: Path
    billing_period: BillingPeriod
    build_id: str
    status: str
    digest: str
    files: tuple[StatementFile, ...]
    totals: Sequence[dict[str, Any]]
    statements: Sequence[Statement] = ()
    notice: str = ""
