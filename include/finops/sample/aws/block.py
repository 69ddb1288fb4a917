"""Lines of a CUR before they are written: series, intervals, and the amounts that differ line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from finops.sample.chance import seeded
from finops.sample.company import Account
from finops.sample.lines import Batch, Lines, Month
from finops.sample.models import SeriesKey
from finops.sample.series import Series

Cost = TypeVar("Cost", float, np.ndarray)
_PRICED = frozenset({"Usage", "Fee", "RIFee", "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee"})


@dataclass(frozen=True, slots=True)
class Block(Batch):
    """Lines of a CUR.

    ``start`` and ``end`` count hours from the first instant of the month. ``amounts`` holds DOUBLE columns by
    their CUR name; NaN is null.
    """

    start: np.ndarray
    end: np.ndarray
    amounts: Mapping[str, np.ndarray]


def block(series: Sequence[Series], lines: Lines, month: Month, amounts: Mapping[str, np.ndarray]) -> Block:
    """Place lines at their intervals."""
    start = lines.step.astype(np.int32) * month.interval_hours
    return Block(series, lines.series, start, start + month.interval_hours, amounts)


def single_lines(rows: Sequence[tuple[Series, dict[str, float]]], spans: Sequence[tuple[int, int]]) -> Block:
    """Make a block of single rows; each span is the first hour and the hour after the last."""
    names = sorted({name for _, amounts in rows for name in amounts})
    return Block(
        [series for series, _ in rows],
        np.arange(len(rows), dtype=np.int32),
        np.array([begin for begin, _ in spans], dtype=np.int32),
        np.array([end for _, end in spans], dtype=np.int32),
        {name: np.array([amounts.get(name, np.nan) for _, amounts in rows]) for name in names},
    )


def billed(cost: Cost) -> dict[str, Cost]:
    """Return the cost columns of lines, or of one line, without a discount."""
    return dict.fromkeys(("line_item_unblended_cost", "line_item_blended_cost", "line_item_net_unblended_cost"), cost)


def row(account: Account, service: str, line_type: str, description: str, **own: Any) -> Series:
    """Describe a line without a resource: a fee, a tax, a credit."""
    values = {
        **_price(service, line_type, own),
        "line_item_usage_account_id": account.id,
        "line_item_usage_account_name": account.name,
        "line_item_line_item_type": line_type,
        "line_item_product_code": service,
        "line_item_line_item_description": description,
        "product": (),
        **own,
    }
    return Series({}, values, SeriesKey(account.id, service), 0.0, 0.0, is_tagged=False)


def _price(service: str, line_type: str, own: Mapping[str, Any]) -> dict[str, str]:
    """Return the SKU and rate code of a line that AWS's price list has: its own usage and purchases."""
    if line_type not in _PRICED or own.get("bill_billing_entity") == "AWS Marketplace":
        return {}
    rng = seeded("sku", service, own.get("line_item_usage_type"), line_type)
    sku = "".join(rng.choices("ABCDEFGHJKMNPQRSTUVWXYZ23456789", k=16))
    return {"product_sku": sku, "pricing_rate_code": f"{sku}.JRTCKXETXF.6YS6EN2CT7"}


def joined(blocks: Sequence[Block]) -> Block:
    """Join blocks into one, in their order."""
    series: list[Series] = []
    owners = []
    for each in blocks:
        owners.append(each.owner + len(series))
        series.extend(each.series)
    names = sorted({name for each in blocks for name in each.amounts})
    nothing = [np.full(len(each), np.nan) for each in blocks]
    return Block(
        series,
        np.concatenate(owners).astype(np.int32),
        np.concatenate([each.start for each in blocks]),
        np.concatenate([each.end for each in blocks]),
        {
            name: np.concatenate([each.amounts.get(name, gap) for each, gap in zip(blocks, nothing, strict=True)])
            for name in names
        },
    )
