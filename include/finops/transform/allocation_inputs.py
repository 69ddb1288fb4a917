"""The allocation's rules and quantities below ``inputs/ops``: what dbt divides shared cost by.

The rules become one JSON document, read when the model is compiled, because each pool is a step of its SQL; texts in it
are quoted there. The quantities are rows.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import astuple
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.core.atomic import write_whole
from finops.core.money import SQL_TYPE
from finops.policy.allocation import Rules
from finops.policy.allocation.checks import BASES
from finops.policy.allocation.drivers import Quantity
from finops.policy.allocation.models import Condition, Even, Fixed, Pool, Price, Proportional, Telemetry
from finops.transform.parquet_table import write_table

Document = dict[str, Any]


def write(folder: Path, rules: Rules, quantities: Collection[Quantity], periods: Collection[str]) -> None:
    """Write what the models of these months need. Quantities may be of later months too."""
    units = {driver.name: driver.unit for driver in rules.drivers}
    write_whole(folder / "allocation.json", json.dumps(document(rules, periods)))
    columns = "billing_period varchar, driver varchar, cost_center varchar, provider varchar"
    write_table(
        folder / "allocation_drivers.parquet",
        f"{columns}, quantity {SQL_TYPE}, unit varchar",
        ((*astuple(each), units[each.driver]) for each in quantities),
    )


def document(rules: Rules, periods: Collection[str]) -> Document:
    """Return the rules that are for any of these months, as the macro ``allocation_rules`` hands them to the models."""
    prices = [price for price in rules.prices if any(map(price.is_active, periods))]
    pools = [pool for pool in rules.pools if any(map(pool.is_active, periods))]
    bases = sorted({pool.split.to for pool in pools if isinstance(pool.split, Proportional)} - set(BASES))
    return {
        # For the gate, which holds the build to the rules it was built with.
        "rules": rules.model_dump(mode="json", exclude_defaults=True),
        "prices": [_price(price, rules) for price in prices],
        "pools": [_pool(rules, pools, number, bases) for number in range(len(pools))],
        "bases": [{"selection": _conditions(rules.selections[name])} for name in bases],
    }


def _rule(rule: Pool | Price) -> Document:
    months = {"from": rule.from_period, "to": rule.to_period}
    return {"id": rule.id, "version": rule.version, "digest": rule.digest, **months}


def _price(price: Price, rules: Rules) -> Document:
    selection = {
        "provider": Condition(values=(price.provider,)),
        "billing_currency": Condition(values=(price.currency,)),
    }
    return {
        **_rule(price),
        "selection": _conditions(selection),
        "driver": price.driver,
        "unit": next(driver.unit for driver in rules.drivers if driver.name == price.driver),
        "cost_center": price.cost_center,
        "rate": _number(price.rate),
    }


def _pool(rules: Rules, pools: list[Pool], number: int, bases: list[str]) -> Document:
    pool, split = pools[number], pools[number].split
    step_downs = [each for each in pools[: number + 1] if rules.stepped_down_by(each)]
    found = {
        **_rule(pool),
        "selection": _conditions(rules.selection_of(pool)),
        "steps_down": bool(rules.stepped_down_by(pool)),
        # A cost centre whose step-down is done takes no share: cost would go back to where it came from.
        "stepped_down": [
            {"selection": _conditions(rules.selection_of(each)), "from": each.from_period, "to": each.to_period}
            for each in step_downs
        ],
        "split": {"method": split.method},
        "markup": None,
    }
    if isinstance(split, Fixed):
        found["named"] = [[name, _number(share)] for name, share in split.shares.items()]
    else:
        found["split"] |= {"among": split.among and list(split.among), "except": list(split.leave_out)}
    if isinstance(split, Even) and split.among:
        found["named"] = [[name, "1"] for name in split.among]
    if isinstance(split, Telemetry):
        found["split"]["driver"] = split.driver
    if isinstance(split, Proportional):
        found["split"]["to"] = split.to
        found["basis"] = f"basis_{bases.index(split.to) + 1}" if split.to in bases else "own_cost"
    if pool.markup is not None:
        found["markup"] = {"rate": _number(pool.markup.percent / 100), "to": pool.markup.to}
    return found


def _conditions(selection: Any) -> list[Document]:
    return [
        {"column": column, "values": list(condition.values), "negated": condition.negated}
        for column, condition in selection.items()
    ]


def _number(value: Decimal) -> str:
    return format(value.normalize(), "f")
