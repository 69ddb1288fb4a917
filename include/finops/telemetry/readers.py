"""Where telemetry comes from: the files of a source. What a monitoring system answers is written as files first."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.core.errors import BadInput
from finops.policy.telemetry import FILE, FileSource, TelemetrySource
from finops.telemetry import asking
from finops.telemetry.asking import Asking
from finops.telemetry.models import Offered, OfferedFile

if TYPE_CHECKING:
    from finops.telemetry.monitors.inventories.parts import Inventory

    Inventories = AbstractContextManager[Inventory]

ENDINGS = (".csv", ".csv.gz", ".parquet")

System = AbstractContextManager[asking.Monitor]


def offered_files(source: FileSource) -> list[OfferedFile]:
    """Return the files of a folder and its folders, of a pattern, or the one file, in the order of their names.

    Hidden files, and in a folder those of other endings, are left alone. Raise BadInput when there is no such place,
    unless the source is optional.
    """
    path = Path(source.from_path)
    if glob.has_magic(source.from_path):
        base = _folder_before_pattern(path)
        if not _is_there(base.is_dir(), source, base):
            return []
        return _described(base, map(Path, glob.iglob(source.from_path, recursive=True)))
    if not _is_there(path.exists(), source, path):
        return []
    if path.is_file():
        return _described(path.parent, [path])
    return _described(path, (each for each in path.rglob("*") if each.name.lower().endswith(ENDINGS)))


def _prometheus(source: Any, client: Any) -> System:
    from finops.telemetry.monitors.prometheus import Prometheus

    return Prometheus(source, client)


def _mlflow(source: Any, client: Any) -> System:
    from finops.telemetry.monitors.mlflow import Mlflow

    return Mlflow(source, client)


def _cloudwatch(source: Any, client: Any) -> System:
    from finops.telemetry.monitors.cloudwatch import CloudWatch

    return CloudWatch(source, client)


def _azure_monitor(source: Any, client: Any) -> System:
    from finops.telemetry.monitors.azure_monitor import AzureMonitor

    return AzureMonitor(source, client)


def _cloud_monitoring(source: Any, client: Any) -> System:
    from finops.telemetry.monitors.cloud_monitoring import CloudMonitoring

    return CloudMonitoring(source, client)


def _cost_optimization_hub(source: Any, client: Any) -> System:
    from finops.telemetry.monitors.cost_optimization_hub import CostOptimizationHub

    return CostOptimizationHub(source, client)


def _azure_advisor(source: Any, client: Any) -> System:
    from finops.telemetry.monitors.azure_advisor import AzureAdvisor

    return AzureAdvisor(source, client)


def _gcp_recommender(source: Any, client: Any) -> System:
    from finops.telemetry.monitors.gcp_recommender import GcpRecommender

    return GcpRecommender(source, client)


def _aws_price_list(source: Any, client: Any) -> System:
    from finops.telemetry.monitors.aws_price_list import AwsPriceList

    return AwsPriceList(source, client)


def _azure_retail_prices(source: Any, client: Any) -> System:
    from finops.telemetry.monitors.azure_retail_prices import AzureRetailPrices

    return AzureRetailPrices(source, client)


def _gcp_price_catalog(source: Any, client: Any) -> System:
    from finops.telemetry.monitors.gcp_price_catalog import GcpPriceCatalog

    return GcpPriceCatalog(source, client)


def _aws_inventory(source: Any, client: Any) -> Inventories:
    from finops.telemetry.monitors.inventories.aws import AwsResources

    return AwsResources(source, client)


def _azure_inventory(source: Any, client: Any) -> Inventories:
    from finops.telemetry.monitors.inventories.azure import AzureResources

    return AzureResources(source, client)


def _gcp_inventory(source: Any, client: Any) -> Inventories:
    from finops.telemetry.monitors.inventories.gcp import GcpResources

    return GcpResources(source, client)


INVENTORIES: dict[str, Callable[[Any, Any], Inventories]] = {
    "aws_inventory": _aws_inventory,
    "azure_inventory": _azure_inventory,
    "gcp_inventory": _gcp_inventory,
}
"""Clouds that are asked what there is now, by ``type``."""

MONITORS: dict[str, Callable[[Any, Any], System]] = {
    "prometheus": _prometheus,
    "mlflow": _mlflow,
    "cloudwatch": _cloudwatch,
    "azure_monitor": _azure_monitor,
    "cloud_monitoring": _cloud_monitoring,
    "cost_optimization_hub": _cost_optimization_hub,
    "azure_advisor": _azure_advisor,
    "gcp_recommender": _gcp_recommender,
    "aws_price_list": _aws_price_list,
    "azure_retail_prices": _azure_retail_prices,
    "gcp_price_catalog": _gcp_price_catalog,
    **INVENTORIES,
}
"""Monitoring systems by the ``type`` that telemetry.yml names: from a source, and a login if one is configured."""


def offered(look: Asking) -> Offered:
    """Return the files that a source offers; a monitoring system is asked first, and its answers are the files.

    Raise BadInput when there is no such place.
    """
    if look.source.type == "files":
        return Offered(offered_files(look.source))
    faults = asking.take(look, look.source, MONITORS[look.source.type](look.source, look.client))
    return Offered(_described(look.folder, look.folder.glob("*.parquet")), faults)


def reach(source: TelemetrySource, client: Any = None) -> None:
    """Try whether a source can be read, and keep nothing: look for its files, or ask for an hour of yesterday.

    Of an inventory, a first resource of each type is asked for. Raise BadInput, for a missing permission naming it, or
    Unavailable when it cannot.
    """
    if isinstance(source, FileSource):
        offered_files(source)
        return
    if (inventory := INVENTORIES.get(source.type)) is not None:
        with inventory(source, client) as cloud:
            cloud.reach()
        return
    start = asking.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    with MONITORS[source.type](source, client) as system:
        next(iter(system.ask(start.date(), start + timedelta(hours=1))), None)


def _is_there(is_there: bool, source: FileSource, path: Path) -> bool:
    if not is_there and not source.optional:
        raise BadInput(
            f"{path} does not exist; correct `from` of source {source.name} ({FILE}), write files there, or say "
            "`optional: true`"
        )
    return is_there


def _folder_before_pattern(path: Path) -> Path:
    steps: list[str] = []
    for step in path.parts:
        if glob.has_magic(step):
            break
        steps.append(step)
    return Path(*steps)


def _described(base: Path, paths: Iterable[Path]) -> list[OfferedFile]:
    found: dict[str, OfferedFile] = {}
    for path in paths:
        name = path.relative_to(base)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            stat = os.stat(path)
            found[name.as_posix()] = OfferedFile(name.as_posix(), path, stat.st_size, stat.st_mtime_ns)
    return [found[name] for name in sorted(found)]
