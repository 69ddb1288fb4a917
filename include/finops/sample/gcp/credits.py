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
    """A credit and the share of the row's cost that it gives back. An empty ``full_name`` is the name."""

    name: str
    type: str
    share: float
    id: str = ""
    full_name: str = ""


def _committed(resource: str) -> Credit:
    """Return the credit of a resource-based commitment, which names the resource as its id."""
    name = f"Committed Usage Discount: {resource}"
    return Credit(name, "COMMITTED_USAGE_DISCOUNT", 0.86, name)


def _spent(currency: str) -> Credit:
    """Return the credit of a spend-based commitment, whose id is the commitment's."""
    identity = guid(seeded("gcp/commitment", "dollar", currency))
    name, kind = "Committed Usage Discount - Dollar Based: GCE", "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE"
    return Credit(name, kind, 0.74, identity)


# A promotion larger than its row makes the row negative. That is real and must stay.
CREDITS = {
    "sud": Credit("Sustained Usage Discount", "SUSTAINED_USAGE_DISCOUNT", 0.2),
    "resource": _committed("CPU"),
    "memory": _committed("RAM"),
    "dollar-USD": _spent("USD"),
    "dollar-EUR": _spent("EUR"),
    "discount": Credit("Contract discount, Vertex AI", "DISCOUNT", 0.08),
    "promotion": Credit("AI startup programme", "PROMOTION", 1.15, "promo-7731", "AI startup programme 2025"),
    "free": Credit("Free tier", "FREE_TIER", 0.05, "", "Free tier, monthly"),
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
        values = [getattr(each, name) or (each.name if name == "full_name" else None) for each in CREDITS.values()]
        return pa.array(values, pa.string()).take(chosen)

    item = schema_of(SourceFormat.GCP_DETAILED).field("credits").type.value_type
    columns = [text("name"), pa.array(given[is_there], pa.float64()), text("full_name"), text("id"), text("type")]
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(columns, fields=list(item)))
