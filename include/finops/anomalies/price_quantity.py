"""Whether more was paid because a price changed or because more was used.

Per SKU, with cost c, quantity q and price p = c ÷ q now (1) and before (0), Bennet's decomposition of 1920:

    price     (p1 − p0) × (q0 + q1) ÷ 2
    quantity  (q1 − q0) × (p0 + p1) ÷ 2

which add up to c1 − c0. What is new, gone, or has no quantity is quantity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame


def split(rows: DataFrame) -> tuple[float, float]:
    """Return the parts of 1 of the change that are price and quantity.

    ``rows`` have ``sku_id`` and, of now and before, ``actual`` and ``base`` cost, ``quantity_now`` and
    ``quantity_before``; a negative quantity (a correction) counts as none.
    """
    import numpy as np

    names = ["actual", "base", "quantity_now", "quantity_before"]
    sums = rows.groupby("sku_id", observed=True)[names].sum()
    now, before, used, usual = (sums[name].to_numpy() for name in names)
    change = float((now - before).sum())
    if not change:
        return 0.0, 1.0
    known = (used > 0) & (usual > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.where(known, now / used - before / usual, 0.0)
    price = float((difference * (used + usual) / 2)[known].sum()) / change
    return price, 1 - price
