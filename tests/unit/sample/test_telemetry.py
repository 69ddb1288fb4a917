"""The telemetry belongs to the bills: it names their resources, repeats, and is what the platform takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.unit.sample.conftest import Query
from tests.unit.sample.test_same_bytes import digests
from tests.unit.telemetry.delivered_files import a_source

from finops.core.periods import BillingPeriod
from finops.core.providers import CLOUDS, Provider
from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.sample.models import SampleReport
from finops.sample.service import generate
from finops.telemetry.schemas import SCHEMAS
from finops.telemetry.service import ingest

PLANTED = {
    "run that used its resource fully",
    "runs that overlapped",
    "resource that was idle for half of its life",
    "run without an end",
    "run on a resource that is not billed",
    "training resource without a run",
    "two versions that share an endpoint",
    "endpoint without requests on a day",
    "tokens as the bill has them",
    "requests of an endpoint",
    "requests by who called",
    "GPUs of a training run",
    "GPU that is nearly idle",
    "GPU that was not measured for some hours",
    "stale checkpoints",
    "hourly checkpoints",
    "daily checkpoints, never read",
    "spot instances that are interrupted too often",
    "spot job that lost its instance",
    "bytes that a run sent",
    "node with workloads and idle GPUs",
}
KINDS = [each for each in TelemetryKind if each is not TelemetryKind.MACHINE_PRICES]
"""What the sample has: prices are public, and none of the company's."""

RESOURCES = {
    TelemetryKind.RESOURCE_METRICS: "resource_id",
    TelemetryKind.INFERENCE_COUNTS: "endpoint_id",
    TelemetryKind.TRAINING_RUNS: "resource_id",
    TelemetryKind.SPOT_INTERRUPTIONS: "resource_id",
    TelemetryKind.NETWORK_FLOWS: "resource_id",
    TelemetryKind.ENDPOINT_TRAFFIC: "endpoint_id",
    TelemetryKind.KUBERNETES_USAGE: "node_resource_id",
}
"""The column of each kind that names a resource of the bill."""


def months(report: SampleReport) -> Iterator[tuple[str, str]]:
    yield from ((provider, str(period)) for provider in CLOUDS for period in report.periods)


def test_every_month_and_cloud_has_every_truth(
    half_year: SampleReport, truths: Callable[[str], list[dict[str, Any]]]
) -> None:
    """A test of a KPI may look in any month."""
    for name in PLANTED:
        found = {(each["provider"], each["billing_period"]) for each in truths(name)}
        wanted = set(months(half_year))
        assert wanted <= found, f"{name}: {sorted(wanted - found)}"


def test_the_bills_are_the_same_with_and_without_telemetry(tmp_path: Path) -> None:
    """To observe a company must not change what it pays: benchmarks and stored results compare its bytes."""
    generate(tmp_path / "with", months=2, lines_per_month=2_000)
    generate(tmp_path / "without", months=2, lines_per_month=2_000, with_telemetry=False)
    observed, unobserved = digests(tmp_path / "with"), digests(tmp_path / "without")
    assert {name: each for name, each in observed.items() if not name.startswith("telemetry/")} == unobserved
    assert len(observed) > len(unobserved)


def test_a_month_of_telemetry_depends_on_no_other_month(tmp_path: Path) -> None:
    generate(tmp_path / "all", months=3, lines_per_month=2_000)
    generate(tmp_path / "one", months=1, lines_per_month=2_000, first_period=BillingPeriod(2025, 2))
    everything, one = digests(tmp_path / "all" / "telemetry"), digests(tmp_path / "one" / "telemetry")
    names = [name for name in one if name != "truths.json"]
    assert len(names) >= 7
    assert {name: one[name] for name in names} == {name: everything[name] for name in names}

    of_all, of_one = (
        json.loads((tmp_path / each / "telemetry" / "truths.json").read_text(encoding="utf-8"))
        for each in ("all", "one")
    )
    assert of_one == [each for each in of_all if each["billing_period"] == "2025-02"]


def test_a_sample_that_is_made_again_has_landed_already(tmp_path: Path) -> None:
    """The demo makes it anew each time, and must not land it again."""
    kind = TelemetryKind.SPOT_INTERRUPTIONS
    reports = []
    for _ in range(2):
        generate(tmp_path / "out", months=1, lines_per_month=2_000, providers=[Provider.AWS])
        source = a_source(tmp_path / "out" / "telemetry" / kind, kind)
        reports.append(ingest(Settings(home=tmp_path / "home"), source))
    assert [(each.read_files, each.known_files, each.rejections) for each in reports] == [(1, 0, ()), (0, 1, ())]


def test_a_smaller_company_writes_less_telemetry(tmp_path: Path, half_year: SampleReport) -> None:
    generate(tmp_path, months=1, lines_per_month=3_000, providers=[Provider.AWS])
    counts = [
        duckdb.read_parquet(str(out / "telemetry/resource_metrics/2025-01.parquet")).filter("provider = 'aws'").shape[0]
        for out in (tmp_path, half_year.out)
    ]
    assert 3 < counts[1] / counts[0] < 5, "a quarter of the lines"


@pytest.mark.parametrize("kind", RESOURCES)
def test_each_resource_is_one_of_the_bill_of_its_month(ask: Query, kind: TelemetryKind) -> None:
    column = RESOURCES[kind]
    unbilled = ask(
        f"select distinct t.{column} from {kind} t where not exists (from billed b where b.provider = t.provider "
        f"and b.resource_id = t.{column} and b.period || '.parquet' = parse_filename(t.filename))"
    )
    planted = [name for (name,) in unbilled if name.startswith("unbilled-")]
    assert len(unbilled) == len(planted)
    assert bool(planted) == (kind is TelemetryKind.TRAINING_RUNS)


def test_checkpoints_lie_in_buckets_of_the_bill(ask: Query) -> None:
    """Else their storage would have no cost."""
    buckets = {name for (name,) in ask("select distinct resource_id from billed where resource_id is not null")}
    last = {name.rsplit("/", 1)[-1] for name in buckets}
    for (place,) in ask("select distinct split_part(split_part(uri, '://', 2), '/', 1) from checkpoints"):
        assert place.removesuffix(".blob.core.windows.net") in last


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_are_what_the_platform_takes(half_year: SampleReport, tmp_path: Path, kind: TelemetryKind) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("2025-01.parquet", "2025-02.parquet"):
        (folder / name).symlink_to(half_year.out / "telemetry" / kind / name)
    report = ingest(Settings(home=tmp_path / "home"), a_source(folder, kind), dry_run=True)
    assert report.rejections == ()
    assert (report.set_apart, report.repeated, report.overlapping) == (0, 0, 0)
    assert report.rows > 0
    found = duckdb.read_parquet(str(folder / "2025-01.parquet")).columns
    assert set(found) == {each.name for each in SCHEMAS[kind].columns}


def test_newer_versions_come_later_and_old_ones_go_on_serving(ask: Query) -> None:
    trained = ask("select strftime(started_at, '%m'), max(model_version) from training_runs group by 1 order by 1")
    assert [version for month, version in trained if month in ("01", "03", "05")] == ["1.1", "2.0", "2.1"]
    served = ask("select distinct model_version from inference_counts where stage = 'production' order by 1")
    assert served == [("1.0",), ("1.1",), ("2.0",), ("2.1",)]


def test_runs_go_through_the_stages_of_a_life_cycle(ask: Query) -> None:
    stages = ask("select distinct stage from training_runs order by 1")
    assert [stage for (stage,) in stages] == ["data-preprocessing", "evaluation", "ingestion", "training"]
    [(shared,)] = ask(
        "select count(*) from (select run_id from training_runs group by run_id having count(distinct stage) > 2)"
    )
    assert shared > 10, "runs that prepared their data too"
