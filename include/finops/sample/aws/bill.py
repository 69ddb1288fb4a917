"""One AWS month, block by block, with exactly the number of lines asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from finops.sample.anomalies import CHUNK, Injection, metered
from finops.sample.aws.added import added, serverless
from finops.sample.aws.block import Block, billed, block
from finops.sample.aws.monthly import MONTHLY_LINES, monthly
from finops.sample.aws.reservations import reservations
from finops.sample.aws.savings_plans import savings_plans
from finops.sample.aws.series import EDP_DISCOUNT, jobs, long_lived
from finops.sample.aws.split import split_costs
from finops.sample.chance import noise
from finops.sample.exact import rounded
from finops.sample.lines import Batch, Lines, Month, meter
from finops.sample.series import Series


def interval_hours(lines_per_month: int) -> int:
    """Return the export's time granularity: a small demo has a daily export, a large one an hourly."""
    return 24 if lines_per_month < 150_000 else 1


def line_count(lines_per_month: int, month: Month) -> int:
    """Return a month's number of lines: all if it has 31 days, fewer in proportion, so days cost the same."""
    return lines_per_month * month.hours // (31 * 24)


def population(lines_per_month: int, interval: int) -> dict[str, int]:
    """Return how many series of each kind make a month of about this many lines."""
    slots = lines_per_month * interval // 744
    return {
        "slots": slots,
        "always": int(slots * 0.62),
        "savings_plan": max(4, int(slots * 0.06)),
        "reservation": max(3, int(slots * 0.03)),
        "pods": max(3, int(slots * 0.02)),
    }


def blocks(seed: int, lines_per_month: int, month: Month, injections: Sequence[Injection]) -> Iterator[Block]:
    """Yield the month's lines, ``line_count`` in all; blocks are ordered by time, the month's fees come last."""
    left, spent = line_count(lines_per_month, month) - MONTHLY_LINES, 0.0
    chance = noise(month.period, seed, 17)
    for made in _lasting(seed, lines_per_month, month, injections, chance):
        left -= len(made)
        spent += _cost(made)
        yield made
    machines = [each for injection in injections for each in injection.added]
    for made in _jobs(machines, seed, left, month, chance):
        spent += _cost(made)
        yield made
    yield monthly(seed, month, spent)


def _lasting(
    seed: int, lines_per_month: int, month: Month, injections: Sequence[Injection], chance: np.random.Generator
) -> Iterator[Block]:
    """Yield commitments with what they cover, split costs, and the resources that live on."""
    count = population(lines_per_month, month.interval_hours)
    yield savings_plans(seed, count["savings_plan"], month)
    yield reservations(seed, count["reservation"], month)
    yield split_costs(seed, count["pods"], month)
    if more := added(seed, count["slots"], month):
        yield usage(more, meter(more, month, noise(month.period, seed, 71)), month)
    if more := serverless(seed, count["slots"], month):
        yield usage(more, meter(more, month, noise(month.period, seed, 73)), month)
    for lot, lines in metered(long_lived(seed, count["always"], month.period), month, chance, injections):
        yield usage(lot, lines, month)


def _jobs(batch: list[Series], seed: int, left: int, month: Month, chance: np.random.Generator) -> Iterator[Block]:
    """Yield ``left`` lines: those of ``batch``, then short jobs, the last of which is cut to fit."""
    supply = jobs(seed, month.period, month.interval_hours)
    while left:
        lines = sum(_length(each, month) for each in batch)
        for job in supply:
            if lines >= min(left, CHUNK):
                break
            batch.append(job)
            lines += _length(job, month)
        if lines > left:
            batch = _trimmed(batch, lines - left, month)
        made = usage(batch, meter(batch, month, chance), month)
        left -= len(made)
        yield made
        batch = []


def _cost(made: Block) -> float:
    return float(np.nansum(made.amounts["line_item_unblended_cost"]))


def _length(series: Series, month: Month) -> int:
    return month.span(series.first, series.last)[1]


def _trimmed(batch: list[Series], excess: int, month: Month) -> list[Series]:
    """Shorten the last jobs until the month has its number of lines."""
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


def usage(series: Sequence[Series], lines: Lines, month: Month) -> Block:
    """Price metered use: on demand or spot, with the enterprise discount in the net columns and the discount map."""
    lot = Batch(series, lines.series)
    rate, public = lot.each(lambda s: s.rate), lot.each(lambda s: float(s.get("pricing_public_on_demand_rate")))
    is_spot = lot.each(lambda s: s.get("pricing_term") == "Spot")
    normal = lot.each(lambda s: s.get("line_item_normalization_factor") or np.nan)
    cost = rounded(lines.usage * rate)
    discount = np.where(is_spot, np.nan, rounded(-cost * EDP_DISCOUNT))
    net = rounded(cost + np.nan_to_num(discount))
    amounts = {
        **billed(cost),
        "line_item_net_unblended_cost": net,
        "line_item_usage_amount": lines.usage,
        "line_item_normalized_usage_amount": np.round(lines.usage * normal, 6),
        "pricing_public_on_demand_cost": rounded(lines.usage * public),
        "discount_total_discount": discount,
    }
    return block(series, lines, month, amounts)
