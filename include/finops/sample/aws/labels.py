"""The anomalies of an AWS month: those that begin in it, and those of the month before that still last."""

from __future__ import annotations

from datetime import timedelta

from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.sample.anomalies import Injection, by_service, draw, forgotten, lasting
from finops.sample.aws.bill import population
from finops.sample.aws.series import OFFERS, PRICE_CHANGES, long_lived, make
from finops.sample.chance import seeded
from finops.sample.company import AWS_ACCOUNTS
from finops.sample.lines import Month
from finops.sample.models import AnomalyKind, Label, SeriesKey
from finops.sample.series import Forgetfulness, Series

_NEVER = Forgetfulness(0.0)
_SERVICES = {
    AnomalyKind.SPIKE: ("AmazonBedrock", "AWSLambda", "AmazonCloudWatch"),
    AnomalyKind.LEVEL_SHIFT: ("AmazonS3", "AmazonFSx"),
    AnomalyKind.GRADUAL_RAMP: ("AmazonDynamoDB", "AmazonECS", "AWSGlue"),
    AnomalyKind.RUNAWAY_ENDPOINT: ("AmazonSageMaker",),
}


def injections_of(seed: int, lines_per_month: int, month: Month) -> list[Injection]:
    """Return every anomaly that touches the month."""
    count = population(lines_per_month, month.interval_hours)["always"]
    found = lasting(lambda period: _begun(seed, count, period), month)
    return found + _forgotten(seed, month) + _repriced(long_lived(seed, count, month.period), month)


def _begun(seed: int, count: int, period: BillingPeriod) -> list[Injection]:
    series = [each for each in long_lived(seed, count, period) if each.cap is None]
    # Only S3's traffic stands out: EC2's own is small beside the price of its machines.
    traffic = [each for each in series if "DataTransfer-Out" in each.extra["offer"]["usage_type"]]
    candidates = by_service(series, _SERVICES) | by_service(traffic, {AnomalyKind.EGRESS_BURST: ["AmazonS3"]})
    return draw(Provider.AWS, seed, period, candidates)


def _forgotten(seed: int, month: Month) -> list[Injection]:
    """Every second month somebody leaves GPU machines running after a trial."""
    if month.period.month % 2:
        return []
    rng = seeded("aws", seed, "forgotten", month.period)
    offer = next(o for o in OFFERS if o["usage_type"] == "BoxUsage:g6e.12xlarge")
    start = month.period.start + timedelta(days=rng.randint(4, 12))
    machines = [make(offer, AWS_ACCOUNTS[1], rng, _NEVER, month.period.start, 240) for _ in range(2)]
    for each in machines:
        each.own.pop("resource_tags", None)
        each.own.pop("cost_category", None)
    return [forgotten(Provider.AWS, machines, SeriesKey(AWS_ACCOUNTS[1].id, "AmazonEC2"), start, 10)]


def _repriced(series: list[Series], month: Month) -> list[Injection]:
    changed = {since for since, _ in PRICE_CHANGES.values()}
    made = {
        Label(Provider.AWS, each.key, each.first, month.period.end, AnomalyKind.PRICE_CHANGE)
        for each in series
        if each.first in changed and each.first is not None
    }
    # The series already have the new price, so the factor is 1.
    return [Injection(label) for label in sorted(made)]
