"""Periods that are held back: they could not be built, or the gate refused them, while the others were published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.stores.state import period_inputs
from finops.stores.state import tables as t
from finops.stores.state.ledger import Delivery
from finops.stores.state.store import upsert

BUILD, GATE = "build", "gate"
"""The stages that hold a period back."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A (provider, billing period) that stays on its last good version, or on none, and the deliveries at fault.

    ``stage`` is ``build`` or ``gate``; ``reason`` is one line.
    """

    provider: Provider
    billing_period: BillingPeriod
    deliveries: tuple[Delivery, ...]
    stage: str
    reason: str
    build_id: str
    held_at: datetime


def hold(
    connection: Connection,
    build_id: str,
    stage: str,
    digests: Mapping[tuple[Provider, BillingPeriod], str],
    reasons: Mapping[tuple[Provider, BillingPeriod], str],
) -> None:
    """Hold back the pairs in ``reasons``, which were to be built from the deliveries of these digests."""
    for (provider, period), reason in reasons.items():
        key = {"provider": provider, "billing_period": str(period)}
        values: dict[str, Any] = {"input_digest": digests[provider, period], "stage": stage, "build_id": build_id}
        values |= {"reason": " ".join(reason.split()), "held_at": datetime.now(UTC)}
        upsert(connection, t.held_back_periods, key, values)


def release(connection: Connection, provider: Provider, period: BillingPeriod, stage: str) -> None:
    """Let a pair be built again that was held back at a stage: what was at fault is mended."""
    h = t.held_back_periods
    is_it = (h.c.provider == provider, h.c.billing_period == str(period), h.c.stage == stage)
    connection.execute(delete(h).where(*is_it))


def standing(
    connection: Connection, providers: Iterable[Provider] | None = None, periods: Iterable[BillingPeriod] | None = None
) -> list[HeldBack]:
    """Return what is held back, with the deliveries and their files, in the order of provider and month.

    What has been delivered again, or withdrawn, since is no longer held back.
    """
    items = {(i.provider, i.billing_period): i for i in period_inputs.held_back(connection)}
    wanted = None if providers is None else set(providers)
    months = None if periods is None else set(periods)
    found = []
    h = t.held_back_periods
    for row in connection.execute(select(h).order_by(h.c.provider, h.c.billing_period)).all():
        provider, period = Provider(row.provider), BillingPeriod.parse(row.billing_period)
        item = items.get((provider, period))
        is_wanted = (wanted is None or provider in wanted) and (months is None or period in months)
        if item is None or not is_wanted:
            continue
        (full,) = period_inputs.with_files(connection, [item])
        found.append(HeldBack(provider, period, full.deliveries, row.stage, row.reason, row.build_id, row.held_at))
    return found
