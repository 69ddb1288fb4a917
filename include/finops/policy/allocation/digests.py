"""One digest of all that a build of a month divides shared cost by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from typing import Any

from finops.policy.allocation.drivers import Quantity
from finops.policy.allocation.models import Pool, Proportional, Rules


def digest(rules: Rules, quantities: Collection[Quantity], period: str) -> str:
    """Return what changes when anything changes that divides a month's cost, descriptions apart.

    That is the month's price lists and pools in their order, the selections that they name, and the quantities.
    """
    said = {
        "prices": [price.digest for price in rules.prices if price.is_active(period)],
        "pools": [_pool(rules, pool) for pool in rules.pools if pool.is_active(period)],
        "quantities": sorted(
            (q.driver, q.cost_center, q.provider or "", f"{q.quantity.normalize():f}")
            for q in quantities
            if q.billing_period == period
        ),
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _pool(rules: Rules, pool: Pool) -> list[Any]:
    basis = rules.selections.get(pool.split.to, {}) if isinstance(pool.split, Proportional) else {}
    selections = (rules.selection_of(pool), basis)
    return [pool.digest, *({name: c.model_dump(mode="json") for name, c in each.items()} for each in selections)]
