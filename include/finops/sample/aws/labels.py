"""The anomalies of an AWS month: those that begin in it, and those of the month before that still last."""

from __future__ import annotations

from datetime import timedelta

from finops.core.formats import Provider
from finops.core.periods import BillingPeriod
from finops.sample.anomalies import Injection, draw
from finops.sample.aws.bill import population
from finops.sample.aws.series import PRICE_CHANGES, long_lived, make, offers
from finops.sample.chance import seeded
from finops.sample.company import AWS_ACCOUNTS
from finops.sample.lines import Month
from finops.sample.models import AnomalyKind, Label, SeriesKey
from finops.sample.series import Forgetfulness, Series

_NEVER = Forgetfulness(0.0)


def injections_of(seed: int, lines_per_month: int, month: Month) -> list[Injection]:
    """Return every anomaly that touches the month."""
    count = population(lines_per_month, month.interval_hours)["always"]
    found = [
        each
        for period in (month.period.previous, month.period)
        for each in _begun(seed, count, period)
        if each.label.end > month.period.start
    ]
    return found + _forgotten(seed, month) + _repriced(long_lived(seed, count, month.period), month)


def _begun(seed: int, count: int, period: BillingPeriod) -> list[Injection]:
    series = [each for each in long_lived(seed, count, period) if each.cap is None]
    by_kind: dict[AnomalyKind, list[SeriesKey]] = {
        AnomalyKind.SPIKE: _keys(series, "AmazonBedrock", "AWSLambda", "AmazonCloudWatch"),
        AnomalyKind.LEVEL_SHIFT: _keys(series, "AmazonS3", "AmazonFSx"),
        AnomalyKind.GRADUAL_RAMP: _keys(series, "AmazonDynamoDB", "AmazonECS", "AWSGlue"),
        AnomalyKind.RUNAWAY_ENDPOINT: _keys(series, "AmazonSageMaker"),
        # Only where nothing dearer hides it: EC2's own traffic drowns in the price of its machines.
        AnomalyKind.EGRESS_BURST: _keys(
            [each for each in series if "DataTransfer-Out" in each.extra["offer"]["usage_type"]], "AmazonS3"
        ),
    }
    return draw(Provider.AWS, seed, period, by_kind)


def _keys(series: list[Series], *services: str) -> list[SeriesKey]:
    return [each.key for each in series if each.key.service in services]


def _forgotten(seed: int, month: Month) -> list[Injection]:
    """Every second month somebody leaves GPU machines running after a trial."""
    if month.period.month % 2:
        return []
    rng = seeded("aws", seed, "forgotten", month.period)
    offer = next(o for o in offers() if o["usage_type"] == "BoxUsage:g6e.12xlarge")
    start = month.period.start + timedelta(days=rng.randint(4, 12))
    end = start + timedelta(days=10)
    machines = []
    for _ in range(2):
        each = make(offer, AWS_ACCOUNTS[1], rng, _NEVER, month.period.start, 240)
        each.own.pop("resource_tags", None)
        each.own.pop("cost_category", None)
        each.key = SeriesKey(AWS_ACCOUNTS[1].id, "AmazonEC2")
        each.is_tagged, each.first, each.last = False, start, end
        machines.append(each)
    label = Label(Provider.AWS, machines[0].key, start, end, AnomalyKind.FORGOTTEN_GPUS)
    return [Injection(label, added=machines)]


def _repriced(series: list[Series], month: Month) -> list[Injection]:
    changed = {since for since, _ in PRICE_CHANGES.values()}
    made = {
        Label(Provider.AWS, each.key, each.first, month.period.end, AnomalyKind.PRICE_CHANGE)
        for each in series
        if each.first in changed and each.first is not None
    }
    # The price is in the series already: the factor of 1 leaves their use alone.
    return [Injection(label) for label in sorted(made)]
