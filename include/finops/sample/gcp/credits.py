"""Credits on a row: their kinds, and the share of a row's cost that each gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from finops.core.formats import SourceFormat
from finops.sample.chance import seeded
from finops.sample.columnar import schema_of
from finops.sample.exact import rounded
from finops.sample.series import Series, guid


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit and the share of the row's cost that it gives back."""

    name: str
    full_name: str
    id: str
    type: str
    share: float


# A promotion larger than its row makes the row negative. That is real and must stay.
CREDITS = {
    "sud": Credit("Sustained Usage Discount", "Sustained Usage Discount", "", "SUSTAINED_USAGE_DISCOUNT", 0.2),
    # The credit of a resource-based commitment names the resource; that of a spend-based one names the commitment.
    "resource": Credit(
        "Committed Usage Discount: CPU",
        "Committed Usage Discount: CPU",
        "Committed Usage Discount: CPU",
        "COMMITTED_USAGE_DISCOUNT",
        0.86,
    ),
    "memory": Credit(
        "Committed Usage Discount: RAM",
        "Committed Usage Discount: RAM",
        "Committed Usage Discount: RAM",
        "COMMITTED_USAGE_DISCOUNT",
        0.86,
    ),
    **{
        f"dollar-{currency}": Credit(
            "Committed Usage Discount - Dollar Based: GCE",
            "Committed Usage Discount - Dollar Based: GCE",
            guid(seeded("gcp/commitment", "dollar", currency)),
            "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE",
            0.74,
        )
        for currency in ("USD", "EUR")
    },
    "discount": Credit("Contract discount, Vertex AI", "Contract discount, Vertex AI", "", "DISCOUNT", 0.08),
    "promotion": Credit("AI startup programme", "AI startup programme 2025", "promo-7731", "PROMOTION", 1.15),
    "free": Credit("Free tier", "Free tier, monthly", "", "FREE_TIER", 0.05),
}
_KINDS = tuple(CREDITS)


def amounts(series: Sequence[Series], owner: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Return each row's credit, negative; NaN where it has none."""
    shares = np.array([CREDITS[kind].share if (kind := each.extra.get("credit")) else np.nan for each in series])
    given = -rounded(cost * shares[owner], 6)
    return np.where(np.isnan(given) | (given == 0), np.nan, given)


def arrays(series: Sequence[Series], owner: np.ndarray, given: np.ndarray) -> pa.ListArray:
    """Return the credits column: a list with one credit, or an empty one."""
    kinds = np.array([_KINDS.index(kind) if (kind := each.extra.get("credit")) else 0 for each in series], np.int32)
    is_there = ~np.isnan(given)
    offsets = pa.array(np.concatenate(([0], np.cumsum(is_there))).astype(np.int32))
    chosen = pa.array(kinds[owner][is_there])

    def text(name: str) -> pa.Array:
        values = [getattr(CREDITS[kind], name) or None for kind in _KINDS]
        return pa.array(values, pa.string()).take(chosen)

    item = schema_of(SourceFormat.GCP_DETAILED).field("credits").type.value_type
    amount = pa.array(given[is_there], pa.float64())
    items = pa.StructArray.from_arrays(
        [text("name"), amount, text("full_name"), text("id"), text("type")],
        fields=list(item),
    )
    return pa.ListArray.from_arrays(offsets, items)
