"""The rules over dbt's manifest: the project keeps them, and breaking one is noticed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from tests.lint.dbt_manifest import broken_rules, parse


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    target: Path = tmp_path_factory.mktemp("dbt")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FINOPS_WAREHOUSE_DIR", "FINOPS_MEMORY_LIMIT", "FINOPS_THREADS"):
            patch.setenv(name, "1")
        return parse(target)


def test_the_project_keeps_its_rules(manifest: dict[str, Any]) -> None:
    assert list(broken_rules(manifest)) == []


def test_a_mart_that_reads_upstream_of_the_fact_is_noticed(manifest: dict[str, Any]) -> None:
    broken = copy.deepcopy(manifest)
    mart = broken["nodes"]["model.finops.mart_chargeback"]
    mart["depends_on"]["nodes"].append("model.finops.stg_aws_cur2")

    assert [fault for fault in broken_rules(broken) if "reads stg_aws_cur2" in fault]


def test_only_staging_may_read_a_source(manifest: dict[str, Any]) -> None:
    broken = copy.deepcopy(manifest)
    fact = broken["nodes"]["model.finops.fct_focus_costs"]
    fact["depends_on"]["nodes"].append("source.finops.landing_aws.aws_cur2_parquet")

    assert [fault for fault in broken_rules(broken) if "only staging may" in fault]


def test_a_public_model_without_contract_grain_or_described_columns_is_noticed(manifest: dict[str, Any]) -> None:
    broken = copy.deepcopy(manifest)
    mart = broken["nodes"]["model.finops.mart_costs_by_region"]
    mart["config"]["contract"]["enforced"] = False
    mart["description"] = "Costs."
    mart["columns"]["region_id"]["description"] = ""

    assert len(list(broken_rules(broken))) == 3
