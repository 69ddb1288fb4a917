"""Every published row of direct cost, in cents that add up to the section's total."""

from __future__ import annotations

from finops.chargeback.statement import rounding
from finops.chargeback.statement.models import DetailLine
from finops.chargeback.statement.scope import Scope


def of(scope: Scope) -> tuple[DetailLine, ...]:
    """Return the lines in the order of their keys, each with the digest of its source rows."""
    digests = scope.month.source_digests
    effective, billed = (
        rounding.apportion_amounts({c.key: getattr(c, measure) for c in scope.charges}, total, scope.digits)
        for measure, total in (("effective_cost", scope.total.effective), ("billed_cost", scope.total.billed))
    )
    return tuple(
        DetailLine(charge, effective[charge.key], billed[charge.key], digests.get(charge.key, ""))
        for charge in sorted(scope.charges, key=lambda each: each.key)
    )
