"""What is on the bill to be found wasted, or only to look so, where nothing else on it is of that kind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from finops.sample.aws.series import OFFERS, make
from finops.sample.chance import seeded
from finops.sample.company import AWS_ACCOUNTS
from finops.sample.lines import Month
from finops.sample.rhythm import Pattern
from finops.sample.series import Forgetfulness, Offer, Series
from finops.sample.telemetry.assets import CONCURRENCY_IN_USE, PROVISIONED_CONCURRENCY, RESIZED_TO, Purpose

RESIZED_ON = datetime(2025, 6, 16, tzinfo=UTC)
"""From when on one machine is billed as a smaller one: a date of its own, so that no month depends on another."""

_HOUR = 3600.0
_FEWEST = 150
"""Resources at once that a bill has for these to be few among them."""

_TYPES = {
    Purpose.OFFICE_HOURS: "BoxUsage:m6i.2xlarge",
    Purpose.PROTECTED: "BoxUsage:m6i.xlarge",
    Purpose.ONE_TIME_SPOT: "SpotUsage:c6i.4xlarge",
    Purpose.SPOT_CANDIDATE: "BoxUsage:g5.xlarge",
    Purpose.OLD_VOLUME: "EBS:VolumeUsage.gp2",
    Purpose.IDLE_ADDRESS: "ElasticIP:IdleAddress",
    Purpose.NEW: "BoxUsage:m6i.xlarge",
    Purpose.RESIZED: "BoxUsage:m6i.4xlarge",
    Purpose.NOT_RESIZED: "BoxUsage:m6i.4xlarge",
}
_STAGES = {Purpose.SPOT_CANDIDATE: "training", **dict.fromkeys(PROVISIONED_CONCURRENCY, "inference")}
_TAGS = {Purpose.OFFICE_HOURS: ("schedule", "office-hours"), Purpose.PROTECTED: ("protect", "true")}
_AFTER = f"BoxUsage:{RESIZED_TO}"


def added(seed: int, slots: int, month: Month) -> list[Series]:
    """Return these resources, all but the new one the same every month; none where fewer than ``_FEWEST``."""
    if slots < _FEWEST:
        return []
    return [series for purpose in _TYPES for series in _of(seed, purpose, month)]


def serverless(seed: int, slots: int, month: Month) -> list[Series]:
    """Return the serverless endpoints, two series each: what is kept ready, and what requests take of it."""
    if slots < _FEWEST:
        return []
    return [series for purpose in PROVISIONED_CONCURRENCY for series in _endpoint(seed, purpose, month)]


def _endpoint(seed: int, purpose: Purpose, month: Month) -> Iterator[Series]:
    ready = _made(seed, purpose, "ProvisionedConcurrency:Usage-4GB", month)
    taken = _made(seed, purpose, "ProvisionedConcurrency:Mem-4GB", month)
    taken.own["line_item_resource_id"] = ready.own["line_item_resource_id"]
    seconds = PROVISIONED_CONCURRENCY[purpose] * _HOUR
    ready.level, ready.cap = 2.0 * seconds, seconds
    taken.level = seconds * CONCURRENCY_IN_USE[purpose]
    yield ready
    yield taken


def _of(seed: int, purpose: Purpose, month: Month) -> Iterator[Series]:
    made = _made(seed, purpose, _TYPES[purpose], month)
    if purpose is Purpose.NEW:
        made.first = month.period.end - timedelta(days=1)
    if purpose is not Purpose.RESIZED or month.period.end <= RESIZED_ON:
        yield made
        return
    smaller = _made(seed, purpose, _AFTER, month)
    smaller.own["line_item_resource_id"] = made.own["line_item_resource_id"]
    if month.period.start < RESIZED_ON:
        made.last = smaller.first = RESIZED_ON
        yield made
    yield smaller


def _made(seed: int, purpose: Purpose, usage_type: str, month: Month) -> Series:
    """Make a resource that everybody tagged; a machine runs in every hour, whatever chance says."""
    offer: Offer = next(o for o in OFFERS if o["usage_type"] == usage_type)
    offer = offer | {"stage": _STAGES.get(purpose, "platform")}
    # What is new every month is another machine every month.
    when = [month.period] if purpose is Purpose.NEW else []
    rng = seeded("aws", seed, "added", purpose, *when)
    series = make(offer, AWS_ACCOUNTS[0], rng, Forgetfulness(0.0), month.period.start, month.hours)
    series.extra["purpose"] = purpose
    if offer["instance_type"]:
        series.level, series.cap, series.pattern = 2.0, 1.0, Pattern.FLAT
    elif purpose is Purpose.IDLE_ADDRESS:
        series.level, series.cap = 2.0, 1.0
    if tag := _TAGS.get(purpose):
        series.extra["tags"] = (tag,)
        series.own["resource_tags"] = (*series.own["resource_tags"], (f"user_{tag[0]}", tag[1]))
    return series
