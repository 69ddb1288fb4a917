"""How busy a resource is by the hour, by the part that it plays."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from finops.core.periods import BillingPeriod
from finops.sample.telemetry.assets import RESIZED_TO, Asset
from finops.sample.telemetry.counts import rhythm

_OFFICE = (7, 19)
_NIGHT = (1, 5)
_BURST = (12, 15)
_TWO_DAYS = 48
NETWORK_IDLE, NETWORK_BUSY = 400.0, 2_500_000.0

Levels = dict[str, tuple[np.ndarray, float]]
"""The hourly averages of each metric, and how far its maximum is above them."""


class Behaviour(StrEnum):
    """What a resource does all month."""

    USUAL = "usual"
    IDLE_GPU = "idle GPU"
    NOT_MEASURED = "measured for two days, then no more"
    SMALL_GPU = "a fifth of its GPU"
    ONE_OF_FOUR_GPUS = "one of four GPUs"
    FULL_MEMORY = "GPU memory nearly full"
    LOW_CPU = "low CPU"
    QUARTER_CPU = "a quarter of its CPU"
    BURSTS = "bursts"
    NIGHTS = "busy at night"
    OFFICE_HOURS = "busy in office hours"
    IDLE_ENDPOINT = "endpoint that nobody calls"
    SMALL_ENDPOINT = "endpoint with instances to spare"
    DAY_ENDPOINT = "endpoint that is asked by day"
    FLAT_ENDPOINT = "endpoint that is asked as much at night"


_FLAT_GPUS = {
    Behaviour.IDLE_GPU: (1.5, 3.0, NETWORK_IDLE),
    Behaviour.NOT_MEASURED: (1.5, 3.0, NETWORK_IDLE),
    Behaviour.SMALL_GPU: (20.0, 32.0, NETWORK_BUSY),
    Behaviour.ONE_OF_FOUR_GPUS: (17.0, 18.0, NETWORK_BUSY),
    Behaviour.FULL_MEMORY: (84.0, 96.5, NETWORK_BUSY),
    Behaviour.IDLE_ENDPOINT: (0.0, 2.0, NETWORK_IDLE),
    Behaviour.SMALL_ENDPOINT: (9.0, 20.0, NETWORK_BUSY),
}
"""Utilization of the GPUs and of their memory in percent, bytes per second."""

SCALED = {Behaviour.DAY_ENDPOINT: 36.0, Behaviour.FLAT_ENDPOINT: 62.0}
"""Endpoints whose use follows their requests, and their GPUs in percent at usual traffic."""
_BY_DAY, _AT_NIGHT = 1.6, 0.3

_MEMORY, _HALF_CPU = 24.0, 46.0
_MARGIN = 2.5
"""Percentage points between an average and its maximum."""


def traffic(behaviour: Behaviour, period: BillingPeriod, hours: np.ndarray) -> np.ndarray:
    """Return how many requests come in hours of a month, as a factor of what is usual."""
    match behaviour:
        case Behaviour.DAY_ENDPOINT:
            return np.where(_in_office(period, hours), _BY_DAY, _AT_NIGHT)
        case Behaviour.FLAT_ENDPOINT:
            return np.ones(len(hours))
        case _:
            return rhythm(period, hours)


def gpu_levels(behaviour: Behaviour, hours: np.ndarray, draws: np.random.Generator) -> tuple[np.ndarray, Levels]:
    """Return the hours that were measured, and what was measured in them."""
    if behaviour is Behaviour.NOT_MEASURED:
        hours = hours[hours < hours[0] + _TWO_DAYS]
    used, memory, network = _FLAT_GPUS[behaviour]
    return hours, {
        "gpu_utilization": (_near(used, hours, draws), _MARGIN),
        "gpu_memory_utilization": (_near(memory, hours, draws), _MARGIN),
        "network_bytes_per_second": (_near(network, hours, draws), network / 4),
    }


def cpu_levels(
    behaviour: Behaviour, asset: Asset, period: BillingPeriod, draws: np.random.Generator
) -> tuple[np.ndarray, Levels]:
    """Return the hours of a machine, and how busy its processors, its memory and its network were."""
    hours, cpu = asset.hours, _cpu(behaviour, asset, period)
    levels: Levels = {
        "cpu_utilization": (np.clip(cpu * (1 + 0.06 * draws.standard_normal(len(hours))), 0.5, 97.0), _MARGIN)
    }
    if behaviour is not Behaviour.USUAL:
        memory = np.where(cpu == _HALF_CPU, 2 * _MEMORY, _MEMORY)
        levels["memory_utilization"] = _near(1.0, hours, draws) * memory, _MARGIN
        levels["network_bytes_per_second"] = np.round(2_000.0 * cpu + 20_000.0, 0), 10_000.0
    return hours, levels


def _cpu(behaviour: Behaviour, asset: Asset, period: BillingPeriod) -> np.ndarray:
    hours = asset.hours

    def between(span: tuple[int, int]) -> np.ndarray:
        return (hours % 24 >= span[0]) & (hours % 24 < span[1])

    match behaviour:
        case Behaviour.LOW_CPU:
            return np.full(len(hours), 6.0)
        case Behaviour.QUARTER_CPU:
            at = asset.later.first if asset.later else None
            is_smaller = asset.instance_type == RESIZED_TO
            return np.where(is_smaller | ((hours >= at) if at is not None else False), _HALF_CPU, _HALF_CPU / 2)
        case Behaviour.BURSTS:
            return np.where(between(_BURST), 86.0, 8.0)
        case Behaviour.NIGHTS:
            return np.where(between(_NIGHT), 92.0, 3.0)
        case Behaviour.OFFICE_HOURS:
            return np.where(_in_office(period, hours), 58.0, 2.0)
        case _:
            return np.clip(58 * rhythm(period, hours), 30, 92)


def _in_office(period: BillingPeriod, hours: np.ndarray) -> np.ndarray:
    first = period.start
    clock, weekday = hours % 24, (hours // 24 + first.weekday()) % 7
    return np.asarray((clock >= _OFFICE[0]) & (clock < _OFFICE[1]) & (weekday < 5))


def _near(level: float, hours: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    return level * (1 + 0.02 * np.clip(draws.standard_normal(len(hours)), -1, 1))
