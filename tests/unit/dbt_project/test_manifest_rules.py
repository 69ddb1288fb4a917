"""The rules over dbt's manifest: the project keeps them, and breaking one is noticed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from tests.lint.dbt_manifest import MACRO_FILES, broken_macro_rules, broken_rules, parse


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


@pytest.mark.parametrize("sql", ["cost / quantity", "cast(cost as double)", "sqrt(cost)", "round(cost, 2)"])
def test_an_amount_that_passes_through_a_double_is_noticed(manifest: dict[str, Any], sql: str) -> None:
    broken = copy.deepcopy(manifest)
    broken["nodes"]["model.finops.int_azure__priced"]["raw_code"] = f"select {sql}, 'a/b' -- 1/2"
    broken["macros"]["macro.finops.money"]["macro_sql"] = f"{{# a/b #}} {sql}"

    faults = [*broken_rules(broken), *broken_macro_rules(broken["macros"])]
    assert ["int_azure__priced.sql" in faults[0], "money.sql" in faults[1], len(faults)] == [True, True, 2], faults


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


def test_a_mart_that_reads_a_private_model_is_noticed(manifest: dict[str, Any]) -> None:
    broken = copy.deepcopy(manifest)
    mart = broken["nodes"]["model.finops.mart_chargeback"]
    mart["depends_on"]["nodes"] += ["model.finops.tag_resolutions", "model.finops.int_gcp__lines"]

    faults = list(broken_rules(broken))
    assert len(faults) == 1
    assert "reads int_gcp__lines" in faults[0]


def _macro(path: str, sql: str) -> dict[str, str]:
    return {"package_name": "finops", "original_file_path": path, "macro_sql": sql}


@pytest.mark.parametrize(
    ("path", "sql", "fault"),
    [
        ("macros/money.sql", "cast(x as decimal)", "no folder"),
        ("macros/tags/lines.sql", 'select * from {{ ref("focus_charges") }}', "calls ref()"),
        ("macros/aws/lines.sql", 'select * from {{ source("aws", "cur") }}', "calls source()"),
    ],
)
def test_a_macro_that_hides_what_a_model_reads_is_noticed(path: str, sql: str, fault: str) -> None:
    found = list(broken_macro_rules({"macro.finops.x": _macro(path, sql)}))

    assert len(found) == 1
    assert fault in found[0]


def test_macros_in_folders_that_read_nothing_but_sources_of_staging_are_as_agreed() -> None:
    macros = {
        "macro.finops.a": _macro("macros/staging/lines.sql", 'select * from {{ source("aws", "cur") }}'),
        "macro.finops.b": _macro("macros/periods/scope.sql", "from {{ relation }} where prefer(x)"),
        "macro.dbt.c": {"package_name": "dbt", "original_file_path": "macros/c.sql", "macro_sql": "{{ ref(x) }}"},
    }

    assert list(broken_macro_rules(macros)) == []


def test_too_many_macro_files_are_noticed() -> None:
    macros = {f"macro.finops.m{n}": _macro(f"macros/text/m{n}.sql", "x") for n in range(MACRO_FILES + 1)}

    assert len(list(broken_macro_rules(macros))) == 1
