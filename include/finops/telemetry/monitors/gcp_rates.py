"""What an hour of a type of Compute Engine's machines costs, from the parts by which Google sells it.

Google has no price of a machine, but one of a processor, of a GiB of memory, of a GPU and of a GiB of local disk, for
each series of machines, in SKUs that only their description tells apart: ``N2 Instance Core running in Americas``. A
type is priced where each of its parts has one rate in the region, and is left out otherwise.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from finops.telemetry.monitors.prices import Price

CURRENCY = "USD"
_HOUR, _GIB_HOUR, _GIB_MONTH = "h", "GiBy.h", "GiBy.mo"
_MONTH_HOURS = 730
"""By which Google's list has hours of what is billed by the month."""
_PARTITION_GIB = 375
_MIB = 1024

_SERIES: Mapping[str, tuple[str, ...]] = {
    "e2": ("E2 Instance",),
    "n1": ("N1 Predefined Instance",),
    "n2": ("N2 Instance",),
    "n2d": ("N2D AMD Instance",),
    "n4": ("N4 Instance",),
    "t2a": ("T2A Arm Instance",),
    "t2d": ("T2D AMD Instance",),
    "c2": ("Compute optimized", "Compute optimized Instance"),
    "c2d": ("C2D AMD Instance",),
    "c3": ("C3 Instance",),
    "c3d": ("C3D Instance",),
    "c4": ("C4 Instance",),
    "c4a": ("C4A Arm Instance",),
    "g2": ("G2 Instance",),
    "a2": ("A2 Instance",),
    "a3-highgpu": ("A3 Instance",),
    "a3-megagpu": ("A3Plus Instance",),
}
"""What descriptions call the processors and memory of a series, where it has another name in some regions too."""

_GPUS: Mapping[str, tuple[str, ...]] = {
    "nvidia-l4": ("Nvidia L4 GPU",),
    "nvidia-tesla-a100": ("Nvidia Tesla A100 GPU",),
    "nvidia-a100-80gb": ("Nvidia Tesla A100 80GB GPU",),
    "nvidia-h100-80gb": ("Nvidia H100 80GB GPU",),
    "nvidia-h100-mega-80gb": ("Nvidia H100 80GB Mega GPU", "Nvidia H100 80GB Plus GPU"),
}
"""What descriptions call the GPUs of a type, by what Compute Engine calls them."""

_LOCAL_DISK = "SSD backed Local Storage"
_SHARED = {"e2-micro": Decimal("0.25"), "e2-small": Decimal("0.5"), "e2-medium": Decimal(1)}
"""Processors that are paid of types that have a share of two."""
_NOT_ON_DEMAND = frozenset({"a3-highgpu-1g", "a3-highgpu-2g", "a3-highgpu-4g"})

_TYPE = re.compile(r"([a-z]\d[a-z]?)-(standard|highmem|highcpu|highgpu|megagpu|ultragpu)-\d+g?")
_RUNNING = re.compile(r"(.+) running in .+")
_STORED = re.compile(rf"{_LOCAL_DISK}(?: in .+)?")
_WANTED = {
    **{f"{name} Core": _HOUR for names in _SERIES.values() for name in names},
    **{f"{name} Ram": _GIB_HOUR for names in _SERIES.values() for name in names},
    **{name: _HOUR for names in _GPUS.values() for name in names},
    _LOCAL_DISK: _GIB_MONTH,
}
"""The unit by which each part is sold. All other descriptions are of something else: custom and sole-tenant machines,
reservations, spot, commitments, licences."""


class Unpriced(Exception):
    """Why the price of a type is not known."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates of a region in USD, by what descriptions call the part; None is one that cannot be read."""

    found: dict[str, set[Decimal | None]] = field(default_factory=lambda: defaultdict(set))

    def of(self, names: Iterable[str]) -> Decimal:
        """Return the one rate of a part that is called so. Raise Unpriced where there is none, or more than one."""
        called = tuple(names)
        rates = {rate for name in called for rate in self.found.get(name, ())}
        if len(rates) > 1:
            raise Unpriced(f"the list has several rates of {called[0]}")
        rate = next(iter(rates), None)
        if rate is None:
            raise Unpriced(f"the list has no sure rate of {called[0]}")
        return rate


def rates_of(skus: Iterable[Mapping[str, Any]], regions: Iterable[str]) -> dict[str, Rates]:
    """Return the rates on demand by region. Raise KeyError, TypeError or ValueError for what is no list of SKUs."""
    rates = {region: Rates() for region in regions}
    for sku in skus:
        name = _part(sku)
        places = [region for region in sku.get("serviceRegions") or () if region in rates]
        if name is None or not places:
            continue
        rate = _rate(sku, _WANTED[name])
        for region in places:
            rates[region].found[name].add(rate)
    return rates


def price_of(machine: Mapping[str, Any], rates: Rates) -> Price:
    """Return what an hour of a type costs on demand. Raise Unpriced where a part of it has no sure rate."""
    name, cpus = str(machine["name"]), int(machine["guestCpus"])
    memory = Decimal(int(machine["memoryMb"])) / _MIB
    called = _called(name)
    gpus = {str(each["guestAcceleratorType"]): int(each["guestAcceleratorCount"]) for each in _gpus(machine)}
    paid = _SHARED.get(name, Decimal(cpus))
    if machine.get("isSharedCpu") and name not in _SHARED:
        raise Unpriced("it has a share of a processor that is not known")
    price = paid * rates.of(f"{each} Core" for each in called) + memory * rates.of(f"{each} Ram" for each in called)
    for kind, count in gpus.items():
        if kind not in _GPUS:
            raise Unpriced(f"its GPU {kind} is not known")
        price += count * rates.of(_GPUS[kind])
    if disks := _local_disks(name, machine):
        price += disks * _PARTITION_GIB * rates.of([_LOCAL_DISK]) / _MONTH_HOURS
    return Price(name, price, CURRENCY, cpus, float(memory), sum(gpus.values()))


def _part(sku: Mapping[str, Any]) -> str | None:
    """Return which part of a machine a SKU is the rate on demand of; None for all else."""
    if sku["category"]["usageType"] != "OnDemand":
        return None
    description = str(sku["description"])
    if _STORED.fullmatch(description):
        return _LOCAL_DISK
    match = _RUNNING.fullmatch(description)
    return match[1] if match is not None and match[1] in _WANTED else None


def _rate(sku: Mapping[str, Any], unit: str) -> Decimal | None:
    """Return the rate of a SKU, exactly; None where it is by another unit, by steps, or for nothing."""
    # The last is what holds now.
    how = sku["pricingInfo"][-1]["pricingExpression"]
    tiers = how["tieredRates"]
    if how["usageUnit"] != unit or len(tiers) != 1:
        return None
    price = tiers[0]["unitPrice"]
    if price["currencyCode"] != CURRENCY:
        raise ValueError(price["currencyCode"])
    return int(price.get("units") or 0) + Decimal(int(price.get("nanos") or 0)).scaleb(-9) or None


def _called(name: str) -> tuple[str, ...]:
    """Return what descriptions call the series of a type."""
    if name in _SHARED:
        return _SERIES["e2"]
    match = _TYPE.fullmatch(name)
    if match is None:
        raise Unpriced("it is of another kind than those that are known")
    if name in _NOT_ON_DEMAND:
        raise Unpriced("Google does not sell it on demand")
    found = _SERIES.get(f"{match[1]}-{match[2]}") or _SERIES.get(match[1])
    if found is None:
        raise Unpriced(f"its series {match[1]} is not known")
    return found


def _gpus(machine: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = list(machine.get("accelerators") or ())
    if not found and str(machine["name"]).startswith(("a2-", "a3-", "g2-")):
        raise Unpriced("Compute Engine does not say which GPUs it has")
    return found


def _local_disks(name: str, machine: Mapping[str, Any]) -> int:
    """Return how many local disks come with a type, and are paid whether they are used or not."""
    count = int((machine.get("bundledLocalSsds") or {}).get("partitionCount") or 0)
    if not count and name.startswith(("a2-ultragpu-", "a3-")):
        raise Unpriced("Compute Engine does not say which local disks it has")
    return count
