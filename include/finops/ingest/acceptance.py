"""The rules by which a delivery with valid files is refused: it would make the books wrong."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import ANY_VENDOR, CLOUDS, Provider
from finops.ingest.models import DeliveryRef
from finops.ingest.recognise import is_azure
from finops.stores.state.ledger import Delivery


def is_older(ref: DeliveryRef, current: Delivery | None, current_produced_at: datetime | None) -> str | None:
    """Return why a delivery that is older than the current one is refused, or None. Reads no file."""
    if current is None or current_produced_at is None or ref.produced_at >= current_produced_at:
        return None
    return (
        f"{_named(ref)}: written {ref.produced_at:%Y-%m-%d %H:%M} UTC, before the current delivery of "
        f"{current_produced_at:%Y-%m-%d %H:%M} UTC; kept the newer one"
    )


def refusal(
    delivery: Delivery,
    current: Delivery | None,
    others: Sequence[Delivery],
    *,
    accept_empty: bool,
    offered: Collection[tuple[Provider, str, BillingPeriod]] = (),
) -> str | None:
    """Return why a verified delivery must not become current, or None.

    ``others`` are the other current deliveries in the same billing period, of any provider; ``offered`` is what the
    origin has now, by provider, source and billing period.
    """
    if delivery.row_count == 0 and current is not None and current.row_count > 0 and not accept_empty:
        return (
            f"{_named(delivery)}: the new export has no rows where {current.row_count:,} were; "
            "kept the old one, add --accept-empty if the month is really empty"
        )
    if current is not None and _are_halves(delivery.format, current.format):
        return (
            f"{_named(delivery)}: is {delivery.format}, the current delivery of this source is {current.format}; "
            "the two halves are two sources, give each its own --source"
        )
    for other in others:
        shared = set(delivery.billing_accounts) & set(other.billing_accounts)
        if not shared or _are_halves(delivery.format, other.format):
            continue
        if _had_another_name(delivery, other) and (other.provider, other.source, other.billing_period) not in offered:
            return (
                f"{_named(delivery)}: billing account {min(shared)} came from this source under the name "
                f"{other.provider} and would be counted twice; if the vendor has a new name, say provider: "
                f"{other.provider} in sources.yml (--provider), which keeps all its bills under one"
            )
        if _may_be_under_two_providers(delivery, other):
            return (
                f"{_named(delivery)}: billing account {min(shared)} already comes from source {other.source} of "
                f"{other.provider} ({other.format}) and would be counted twice, once under each provider; keep one of "
                f"the two sources, {delivery.source} or {other.source}"
            )
        if delivery.provider == other.provider:
            return (
                f"{_named(delivery)}: billing account {min(shared)} already comes from source {other.source} "
                f"({other.format}) and would be counted twice; use --source {other.source} to replace that one"
            )
    return None


def is_smaller(delivery: Delivery, current: Delivery, smallest_share: Decimal) -> str | None:
    """Return why a delivery without a manifest, which may be cut short, is refused beside the current one, or None.

    It has less than this share of the rows, or of the billed cost of any currency; ``refusal`` is for one without rows.
    """
    if not delivery.row_count:
        return None
    now = {each.billing_currency: each.billed_cost for each in delivery.totals}
    lost = [
        f"{now.get(each.billing_currency, Decimal(0)):,.2f} {each.billing_currency} where {each.billed_cost:,.2f} were"
        for each in current.totals
        if each.billed_cost > 0 and now.get(each.billing_currency, Decimal(0)) < smallest_share * each.billed_cost
    ]
    if delivery.row_count < smallest_share * current.row_count:
        lost.insert(0, f"{delivery.row_count:,} rows where {current.row_count:,} were")
    if not lost:
        return None
    return (
        f"{_named(delivery)}: the new files have {', '.join(lost)}, less than {smallest_share:.0%} "
        "(FINOPS_SMALLEST_SHARE); kept the old ones, add --accept-smaller if the bill is really smaller"
    )


def _had_another_name(one: Delivery, other: Delivery) -> bool:
    is_of_vendors = one.provider not in CLOUDS and other.provider not in CLOUDS
    return is_of_vendors and one.provider != other.provider and one.source == other.source


def _may_be_under_two_providers(one: Delivery, other: Delivery) -> bool:
    """Tell whether bills of two providers can have the same rows: a person, not the rows, named the provider of one.

    Two vendors may call a customer's account the same.
    """
    if one.provider == other.provider or SourceFormat.FOCUS not in (one.format, other.format):
        return False
    is_of_several = ANY_VENDOR in (one.provider, other.provider)
    return is_of_several or (one.format is other.format and any(each.provider in CLOUDS for each in (one, other)))


def _are_halves(one: SourceFormat, other: SourceFormat) -> bool:
    return is_azure(one) and is_azure(other) and one is not other


def _named(each: DeliveryRef | Delivery) -> str:
    return f"{each.provider} {each.source} {each.billing_period}"
