"""Rows of Azure's cost details before they are written to the two files."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from finops.sample.lines import Batch


@dataclass(frozen=True, slots=True)
class Rows(Batch):
    """Rows for the actual file, the amortized file, or both.

    ``day`` counts from the first of the month. Prices are in billing currency for one unit of ``quantity``, one for
    each file; None where a file does not have the rows.
    """

    day: np.ndarray
    quantity: np.ndarray
    actual_price: np.ndarray | None
    amortized_price: np.ndarray | None


def decimals(values: np.ndarray, digits: int) -> pa.Array:
    """Return doubles as decimals with ``digits`` after the point."""
    units = pa.array(np.rint(values * 10.0**digits).astype(np.int64)).cast(pa.decimal128(19, 0))
    unit = pa.scalar(Decimal(1).scaleb(-digits), pa.decimal128(digits, digits))
    return pc.multiply(units, unit).cast(pa.decimal128(18, digits))


def text(values: pa.Array) -> pa.Array:
    """Write decimals as plain digits without trailing zeros; never with an exponent."""
    written = values.cast(pa.string())
    has_exponent = pc.match_substring(written, "E")
    if pc.any(has_exponent).as_py():
        plain = [f"{value:f}" for value in values.filter(has_exponent).to_pylist()]
        written = pc.replace_with_mask(written, has_exponent, pa.array(plain, pa.string()))
    return pc.replace_substring_regex(written, r"\.?0+$", "")


def total(cost: pa.Array, where: np.ndarray) -> Decimal:
    """Sum a cost column as the platform does: each line at twelve decimals, half away from zero."""
    chosen = pc.round(cost.filter(pa.array(where)), 12, round_mode="half_towards_infinity")
    return pc.sum(chosen).as_py() or Decimal(0)
