"""The seeds that mappings look names up in: each key once, and only categories that FOCUS 1.2 has."""

from __future__ import annotations

import ast
import csv
import gzip
import importlib.resources
import json
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from finops.core.focus import COLUMNS

ROOT = Path(__file__).resolve().parents[3]
SEEDS = ROOT / "dbt_project" / "seeds"
SAMPLE = ROOT / "include" / "finops" / "sample"


def _rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def allowed() -> set[tuple[str, str]]:
    """The pairs of ServiceCategory and ServiceSubcategory that the specification lists."""
    with (Path(__file__).parent / "focus_1_2_service_subcategories.csv").open(encoding="utf-8", newline="") as file:
        return {(row["service_category"], row["service_subcategory"]) for row in csv.DictReader(file)}


def test_every_service_has_a_category_and_subcategory_that_focus_has(allowed: set[tuple[str, str]]) -> None:
    pairs = {(row["service_category"], row["service_subcategory"]) for row in _rows("focus_services")}

    assert len(allowed) == 82
    assert pairs <= allowed


@pytest.mark.parametrize(
    ("seed", "key"),
    [
        ("focus_services", ("provider", "native_name")),
        ("cloud_regions", ("provider", "native_name")),
        ("pricing_units", ("native_unit",)),
        ("machine_types", ("provider", "instance_type")),
    ],
)
def test_a_name_is_there_once_so_that_no_join_repeats_a_row(seed: str, key: tuple[str, ...]) -> None:
    keys = [tuple(row[name] for name in key) for row in _rows(seed)]

    assert len(keys) == len(set(keys))
    assert all(part == part.lower() and part for each in keys for part in each)


def test_a_service_name_has_one_category_whatever_the_bill_calls_it() -> None:
    categories = defaultdict(set)
    for row in _rows("focus_services"):
        categories[row["provider"], row["service_name"]].add((row["service_category"], row["service_subcategory"]))

    assert {name: found for name, found in categories.items() if len(found) > 1} == {}


def test_a_service_is_found_by_its_own_focus_name_too() -> None:
    rows = _rows("focus_services")
    names = {(row["provider"], row["native_name"]) for row in rows}

    assert {(row["provider"], row["service_name"].lower()) for row in rows} <= names


@pytest.mark.parametrize("provider", ["aws", "azure", "gcp"])
def test_each_cloud_has_its_common_services(provider: str) -> None:
    assert len({row["service_name"] for row in _rows("focus_services") if row["provider"] == provider}) >= 60


def test_a_region_id_has_one_name() -> None:
    names = defaultdict(set)
    for row in _rows("cloud_regions"):
        names[row["provider"], row["region_id"]].add(row["region_name"])

    assert {region: found for region, found in names.items() if len(found) > 1} == {}


def test_the_names_that_real_bills_have_are_known() -> None:
    services = {(row["provider"], row["native_name"]): row["service_category"] for row in _rows("focus_services")}
    units = {row["native_unit"]: row["focus_unit"] for row in _rows("pricing_units")}
    regions = {row["native_name"]: row["region_name"] for row in _rows("cloud_regions") if row["provider"] == "azure"}

    assert services["gcp", "pub/sub"] == services["gcp", "cloud pub/sub"] == "Analytics"
    assert (units["tb hour"], units["gb/月"], units["executions"]) == ("TB-Hours", "GB-Months", "Executions")
    assert (regions["chinanorth3"], regions["usdodeast"]) == ("China North 3", "US DoD East")
    assert len({row["region_id"] for row in _rows("cloud_regions") if row["provider"] == "azure"}) >= 100


def test_the_seeds_know_at_least_250_services() -> None:
    assert len({(row["provider"], row["service_name"]) for row in _rows("focus_services")}) >= 250


def test_an_instance_type_has_what_aws_says_of_it() -> None:
    """The oracle is AWS's own description of its types, which moto keeps; it has let go of some retired ones."""
    listing = importlib.resources.files("moto.ec2") / "resources" / "instance_types.json.gz"
    described = json.loads(gzip.decompress(listing.read_bytes()))
    seed = {row["instance_type"]: row for row in _rows("machine_types") if row["provider"] == "aws"}
    differing = {}
    for name in sorted(set(described) & set(seed)):
        has, row = described[name], seed[name]
        gpus = sum(each["Count"] for each in has.get("GpuInfo", {}).get("Gpus", []))
        is_arm = any("arm" in each for each in has["ProcessorInfo"]["SupportedArchitectures"])
        expected = (
            str(has["VCpuInfo"]["DefaultVCpus"]),
            round(Decimal(has["MemoryInfo"]["SizeInMiB"]) / 1024, 2),
            str(gpus or ""),
            "arm64" if is_arm else "x86_64",
            str(has.get("InstanceStorageInfo", {}).get("TotalSizeInGB", 0)),
        )
        found = (row["vcpus"], Decimal(row["memory_gib"]), row["gpus"], row["architecture"], row["local_disk_gb"])
        if found != expected:
            differing[name] = (found, expected)

    assert len(set(described) & set(seed)) > 1000
    assert differing == {}


def test_a_price_names_its_list_and_every_machine_of_the_sample_has_one() -> None:
    """What a service runs on has a type of its own (`db.m5.large`), and is no machine to be compared with others."""
    rows = {(row["provider"], row["instance_type"]): row for row in _rows("machine_types")}
    sold = {
        (provider, offer[column].lower().removeprefix("ml."))
        for provider, column in (("aws", "instance_type"), ("azure", "size"), ("gcp", "machine"))
        for offer in csv.DictReader((SAMPLE / provider / "offers.csv").read_text("utf-8").splitlines())
        if offer[column] and not re.match(r"(db|cache|kafka|ra3)[.-]|.*search$", offer[column])
    }

    assert len(sold) > 20
    assert all(
        bool(row["price_per_hour"]) == bool(row["price_source"]) == bool(row["priced_on"]) for row in rows.values()
    )
    assert [each for each in sorted(sold) if not rows.get(each, {}).get("price_per_hour")] == []


def test_within_a_family_twice_the_processors_never_cost_less() -> None:
    families = defaultdict(list)
    for row in _rows("machine_types"):
        if row["price_per_hour"] and not row["gpus"]:
            price = Decimal(row["price_per_hour"])
            families[row["provider"], row["family"]].append((int(row["vcpus"]), price, row["instance_type"]))
    dearer = [
        (small[2], large[2])
        for types in families.values()
        for small in types
        for large in types
        if large[0] >= 2 * small[0] and large[1] < small[1]
    ]

    assert len(families) > 40
    assert dearer == []


def _noted(name: str) -> dict[str, object]:
    """Return what the model that notes the repairs of native FOCUS rows sets under a name."""
    model = SEEDS.parent / "models" / "intermediate" / "focus" / "int_focus__repairs_noted.sql"
    found = re.search(rf"{{% set {name} = (\{{.*?^\}}) %}}", model.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert found is not None
    return dict(ast.literal_eval(found[1]))


def test_every_repair_that_the_mapping_can_make_is_described_in_words() -> None:
    rules, enumerations = _noted("rules"), _noted("enumerations")
    described = {row["id"]: row["description"] for row in _rows("focus_repairs")}

    assert len(rules) > 30
    assert set(described) == {*rules, *(f"{column}_spelled" for column in enumerations)}
    assert all(len(words.split()) >= 5 for words in described.values())


def test_mapping_and_conformance_allow_the_same_values() -> None:
    """Each has the lists in its own language; a value that one lacks would be repaired away or reported as a fault."""
    assert _noted("enumerations") == {column.snake: list(column.allowed) for column in COLUMNS if column.allowed}
