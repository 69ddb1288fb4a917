"""One AWS month, block by block, with exactly the number of lines asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from finops.sample.anomalies import Injection, factors
from finops.sample.aws.block import Block, billed, block
from finops.sample.aws.monthly import MONTHLY_LINES, monthly
from finops.sample.aws.reservations import reservations
from finops.sample.aws.savings_plans import savings_plans
from finops.sample.aws.series import EDP_DISCOUNT, jobs, long_lived
from finops.sample.aws.split import split_costs
from finops.sample.exact import rounded
from finops.sample.lines import Month, meter
from finops.sample.series import Series

CHUNK = 250_000


def interval_hours(lines_per_month: int) -> int:
    """Return the export's time granularity: a small demo has a daily export, a large one an hourly."""
    return 24 if lines_per_month < 150_000 else 1


def line_count(lines_per_month: int, month: Month) -> int:
    """Return a month's lines: all where it has 31 days, else in proportion, so that a day costs the same."""
    return lines_per_month * month.hours // (31 * 24)


def population(lines_per_month: int, interval: int) -> dict[str, int]:
    """Return how many series of each kind make a month of about this many lines."""
    slots = lines_per_month * interval // 744
    return {
        "always": int(slots * 0.62),
        "savings_plan": max(4, int(slots * 0.06)),
        "reservation": max(3, int(slots * 0.03)),
        "pods": max(3, int(slots * 0.02)),
    }


def blocks(seed: int, lines_per_month: int, month: Month, injections: Sequence[Injection]) -> Iterator[Block]:
    """Yield the month's lines, ``line_count`` in all; blocks are ordered by time, the month's fees come last."""
    count = population(lines_per_month, month.interval_hours)
    left, spent = line_count(lines_per_month, month) - MONTHLY_LINES, 0.0
    for made in (
        savings_plans(seed, count["savings_plan"], month),
        reservations(seed, count["reservation"], month),
        split_costs(seed, count["pods"], month),
    ):
        left -= len(made)
        spent += float(np.nansum(made.amounts["line_item_unblended_cost"]))
        yield made
    series = long_lived(seed, count["always"], month.period)
    noise = np.random.default_rng([seed, 17, month.period.year, month.period.month])
    noise.shuffle(series)
    size = max(1, CHUNK // month.count)
    for begin in range(0, len(series), size):
        made = usage(series[begin : begin + size], month, noise, injections)
        left -= len(made)
        spent += float(made.amounts["line_item_unblended_cost"].sum())
        yield made
    forgotten = [each for injection in injections for each in injection.added]
    supply = jobs(seed, month.period, month.interval_hours)
    while left:
        batch, lines = forgotten, sum(_length(each, month) for each in forgotten)
        forgotten = []
        for job in supply:
            if lines >= min(left, CHUNK):
                break
            batch.append(job)
            lines += _length(job, month)
        if lines > left:
            batch = _trimmed(batch, lines - left, month)
        made = usage(batch, month, noise, ())
        left -= len(made)
        spent += float(made.amounts["line_item_unblended_cost"].sum())
        yield made
    yield monthly(seed, month, spent)


def _length(series: Series, month: Month) -> int:
    return month.span(series.first, series.last)[1]


def _trimmed(batch: list[Series], excess: int, month: Month) -> list[Series]:
    """Shorten the last jobs until the month holds its number of lines."""
    while excess:
        length = _length(batch[-1], month)
        if length <= excess:
            batch.pop()
            excess -= length
        else:
            first, _ = month.span(batch[-1].first, None)
            batch[-1].last = month.period.start + month.interval * (first + length - excess)
            excess = 0
    return batch


def usage(series: Sequence[Series], month: Month, noise: np.random.Generator, injections: Sequence[Injection]) -> Block:
    """Price metered use: on demand or spot, with the enterprise discount in the net columns and the discount map."""
    lines = meter(series, month, noise, factors(series, month, injections))
    owner = lines.series
    rate = np.array([each.rate for each in series])[owner]
    public = np.array([float(each.get("pricing_public_on_demand_rate")) for each in series])[owner]
    is_spot = np.array([each.get("pricing_term") == "Spot" for each in series])[owner]
    normal = np.array([each.get("line_item_normalization_factor") or np.nan for each in series])[owner]
    cost = rounded(lines.usage * rate)
    discount = np.where(is_spot, np.nan, rounded(-cost * EDP_DISCOUNT))
    net = rounded(cost + np.nan_to_num(discount))
    return block(
        series,
        lines,
        month,
        {
            **billed(cost),
            "line_item_net_unblended_cost": net,
            "line_item_usage_amount": lines.usage,
            "line_item_normalized_usage_amount": np.round(lines.usage * normal, 6),
            "pricing_public_on_demand_cost": rounded(lines.usage * public),
            "discount_total_discount": discount,
        },
    )
