"""Sources of telemetry are configured in a file that may be missing; what is wrong in it is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.policy import check
from finops.policy.telemetry import FILE, load


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    (tmp_path / "config").mkdir()
    return Settings(home=tmp_path / "home", config_dir=tmp_path / "config")


def configure(settings: Settings, text: str) -> Path:
    path = settings.configuration_dir / FILE
    path.write_text(text, encoding="utf-8")
    return path


def test_without_the_file_there_is_no_telemetry_and_no_error(own: Settings) -> None:
    assert load(own) == ()


def test_a_source_has_a_name_a_kind_and_a_place(own: Settings) -> None:
    configure(
        own,
        """
sources:
  - {name: gpu, kind: resource_metrics, type: files, from: "{home}/gpu"}
  - {name: runs, kind: training_runs, from: runs/*.parquet}
""",
    )
    gpu, runs = load(own)

    assert (gpu.name, gpu.kind, gpu.from_path) == ("gpu", TelemetryKind.RESOURCE_METRICS, str(own.root / "gpu"))
    assert (runs.type, runs.from_path) == ("files", str(own.configuration_dir / "runs/*.parquet"))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{name: gpu, kind: metrics, from: /gpu}", "sources[1].kind: must be 'resource_metrics', 'inference_counts'"),
        ("{name: gpu, kind: checkpoints}", "sources[1]: missing key from"),
        ("{name: gpu, kind: checkpoints, from: ''}", "sources[1].from: must have at least 1 character"),
        (
            "{name: gpu, kind: checkpoints, from: /gpu, type: s3}",
            "sources[1]: unknown type s3; known are 'files', 'prometheus', 'mlflow', 'cloudwatch', 'azure_monitor', "
            "'cloud_monitoring', 'aws_inventory', 'azure_inventory', 'gcp_inventory', 'cost_optimization_hub', "
            "'azure_advisor', 'gcp_recommender', 'aws_price_list', 'azure_retail_prices', 'gcp_price_catalog'",
        ),
        (
            "{name: aws, kind: resource_metrics, type: aws_inventory, regions: [us-east-1]}",
            "sources[1].kind: must be ",
        ),
        ("{name: aws, kind: resource_inventory, type: aws_inventory}", "sources[1]: missing key regions"),
        (
            "{name: aws, kind: resource_inventory, type: aws_inventory, regions: [us-east-1, us-east-1]}",
            "sources[1].regions: us-east-1 is named twice",
        ),
        (
            "{name: aws, kind: resource_inventory, type: aws_inventory, regions: [us-east-1], days_back: 3}",
            "sources[1].days_back: must be 0",
        ),
        (
            "{name: gcp, kind: resource_inventory, type: gcp_inventory, projects: [acme-ml], types: {notebook: false}}",
            "sources[1].types.notebook: unknown name; it must be 'machine', ",
        ),
        (
            "{name: azure, kind: resource_inventory, type: azure_inventory, subscriptions: [acme]}",
            "sources[1].subscriptions[1]: must match pattern",
        ),
        ("{name: gpu, kind: checkpoints, form: /gpu}", "sources[1].form: unknown key; known keys are name, kind, type"),
        ("{name: ../gpu, kind: checkpoints, from: /gpu}", "sources[1].name: must match pattern"),
    ],
)
def test_a_fault_is_named_with_file_line_and_key(own: Settings, entry: str, said: str) -> None:
    path = configure(own, f"sources:\n  - {entry}\n")
    with pytest.raises(BadInput) as found:
        load(own)
    assert str(found.value).startswith(f"{path}:2: {said}")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("type: cost_optimization_hub, days_back: 3", "sources[1].days_back: must be 0"),
        ("type: cost_optimization_hub, regions: [us-east-1]", "sources[1].regions: unknown key"),
        ("type: azure_advisor, subscriptions: [production]", "sources[1].subscriptions[1]: must match pattern"),
        ("type: gcp_recommender, projects: [meridian-ml]", "sources[1]: missing key locations"),
        ("type: gcp_recommender, projects: [meridian-ml], locations: [Iowa]", "sources[1].locations[1]: must match"),
    ],
)
def test_a_fault_of_a_source_of_recommendations_is_named(own: Settings, entry: str, said: str) -> None:
    path = configure(own, f"sources:\n  - {{name: advice, kind: recommendations, {entry}}}\n")
    with pytest.raises(BadInput) as found:
        load(own)
    assert str(found.value).startswith(f"{path}:2: ")
    assert said in str(found.value)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("type: aws_price_list, regions: [Virginia]", "sources[1].regions[1]: must match pattern"),
        ("type: azure_retail_prices, connection: azure", "sources[1].connection: must be"),
        ("type: gcp_price_catalog", "sources[1]: missing key project"),
        ("type: gcp_price_catalog, project: meridian-ml, regions: [Iowa]", "sources[1].regions[1]: must match"),
    ],
)
def test_a_fault_of_a_source_of_prices_is_named(own: Settings, entry: str, said: str) -> None:
    path = configure(own, f"sources:\n  - {{name: prices, kind: machine_prices, {entry}}}\n")
    with pytest.raises(BadInput) as found:
        load(own)
    assert str(found.value).startswith(f"{path}:2: ")
    assert said in str(found.value)


def test_a_name_appears_once(own: Settings) -> None:
    each = "{name: gpu, kind: checkpoints, from: /gpu}"
    path = configure(own, f"sources:\n  - {each}\n  - {each}\n")
    with pytest.raises(BadInput, match="source gpu appears twice") as found:
        load(own)
    assert str(found.value).startswith(f"{path}:3: sources[2].name")


def test_the_check_of_the_configuration_knows_the_file(own: Settings) -> None:
    configure(own, "sources: gpu")
    assert any(each.name == FILE and each.fault for each in check.check(own).files)


def test_the_shipped_file_reads_every_kind_of_the_sample_and_does_without_it(tmp_path: Path) -> None:
    """Who never writes the sample must not see an error each hour."""
    shipped = load(Settings(home=tmp_path))
    kinds = [each for each in TelemetryKind if each is not TelemetryKind.MACHINE_PRICES]
    assert [each.kind for each in shipped] == kinds, "prices are public, and none of the company's"
    assert {each.from_path for each in shipped} == {f"{tmp_path}/sample/telemetry/{kind}" for kind in kinds}
    assert all(each.optional for each in shipped)
