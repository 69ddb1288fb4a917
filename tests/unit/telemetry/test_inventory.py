"""An inventory is a snapshot: one row per resource and day, with tags and details as JSON objects."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.telemetry.delivered_files import a_row, a_source, landed, moment, refusals, write, write_parquet

from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.rightsizing.models import ResourceType
from finops.telemetry.inventory import RESOURCE_TYPES
from finops.telemetry.service import ingest

INVENTORY = TelemetryKind.RESOURCE_INVENTORY


def test_an_inventory_has_the_types_of_resource_that_findings_are_about() -> None:
    # A finding can be about a whole account, too, or what a provider recommends something for: no inventory lists them.
    unlisted = {str(ResourceType.ACCOUNT), str(ResourceType.OTHER)}
    assert set(RESOURCE_TYPES) == {str(each) for each in ResourceType} - unlisted


def test_a_resource_lands_with_its_tags_and_details(settings: Settings, folder: Path) -> None:
    source = a_source(folder, INVENTORY)
    write(folder / "one.csv", [a_row(INVENTORY, size_gb="0.5")])
    ingest(settings, source)

    [row] = landed(settings, source)
    assert (row["resource_type"], row["attached_to"], row["size_gb"]) == ("disk", "i-1", Decimal("0.5"))
    assert json.loads(row["tags"]) == {"ai-model": "atlas"}
    assert json.loads(row["details"])["iops"] == 1500
    assert row["group_id"] is row["is_spot"] is None, "nobody said"


def test_of_a_day_the_last_observation_lands_whichever_file_it_is_in(settings: Settings, folder: Path) -> None:
    """A volume that was detached at noon is detached, and what was seen of other volumes stays."""
    source = a_source(folder, INVENTORY)
    noon = a_row(INVENTORY, observed_at="2025-01-31T12:00:00Z", state="available", attached_to="")
    write(folder / "noon.csv", [noon], written_at=1_000)
    write(folder / "morning.csv", [a_row(INVENTORY), a_row(INVENTORY, resource_id="vol-2")], written_at=2_000)
    ingest(settings, source)

    rows = {row["resource_id"]: row for row in landed(settings, source)}
    assert set(rows) == {"vol-1", "vol-2"}
    assert (rows["vol-1"]["observed_at"], rows["vol-1"]["state"]) == (moment(12), "available")
    assert rows["vol-1"]["attached_to"] is None
    assert rows["vol-2"]["state"] == "in_use"


def test_each_day_has_its_own_row(settings: Settings, folder: Path) -> None:
    source = a_source(folder, INVENTORY)
    rows = [a_row(INVENTORY, observed_at=f"2025-01-{day}T23:59:00Z", size_gb=day) for day in (30, 31)]
    write(folder / "one.csv", rows)
    ingest(settings, source)

    assert [row["size_gb"] for row in landed(settings, source)] == [30, 31]


def test_two_values_of_one_moment_refuse_the_file(settings: Settings, folder: Path) -> None:
    write(folder / "one.csv", [a_row(INVENTORY), a_row(INVENTORY, size_gb=600)])
    [reason] = refusals(ingest(settings, a_source(folder, INVENTORY)))

    assert "line 3: has other values than line 2 for provider aws, resource_id vol-1" in reason


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("tags", "owner=ada", "tags 'owner=ada' is no JSON object; write it as"),
        ("tags", '["ada"]', "is no JSON object"),
        ("tags", "null", "is no JSON object"),
        ("details", '{"volume_type": }', "is no JSON object"),
        ("details", json.dumps({"why": "x" * 50_000}), "is longer than 50,000 characters"),
        ("resource_type", "volume", "resource_type 'volume' is not one of machine, disk"),
        ("is_spot", "yes", "is_spot 'yes' is not one of true, false"),
        ("size_gb", "-1", "size_gb '-1' is below 0"),
        ("account_id", "", "account_id is empty"),
        ("created_at", "1970-01-01", "is before 2010"),
    ],
)
def test_a_value_that_cannot_be_is_named(settings: Settings, folder: Path, column: str, value: str, said: str) -> None:
    write(folder / "one.csv", [a_row(INVENTORY, **{column: value})])
    [reason] = refusals(ingest(settings, a_source(folder, INVENTORY)))

    assert "one.csv, line 2: " in reason
    assert said in reason


def test_parquet_may_have_truth_values_as_such(settings: Settings, folder: Path) -> None:
    source = a_source(folder, INVENTORY)
    write_parquet(
        folder / "one.parquet",
        "select 'gcp' as provider, 'vm-1' as resource_id, 'machine' as resource_type, "
        "timestamptz '2025-01-31 10:00:00+00' as observed_at, 'meridian-ml' as account_id, 'us-central1' as region, "
        "true as is_spot",
    )
    ingest(settings, source)

    [row] = landed(settings, source)
    assert (row["is_spot"], row["tags"]) == ("true", None)
