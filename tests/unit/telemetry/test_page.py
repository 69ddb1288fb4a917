"""The documentation has the columns that the code checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops.core.telemetry import TelemetryKind
from finops.telemetry.models import ColumnType, Schema
from finops.telemetry.page import columns_page
from finops.telemetry.schemas import SCHEMAS

PAGE = Path(__file__).parents[3] / "docs" / "features" / "telemetry.md"


def test_the_page_ends_with_the_columns_of_every_kind() -> None:
    """Mend it with `finops telemetry columns`."""
    assert PAGE.read_text(encoding="utf-8").endswith(columns_page())


def test_every_kind_has_a_schema() -> None:
    assert set(SCHEMAS) == set(TelemetryKind)


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=str)
def test_a_schema_says_the_grain_and_describes_every_column(schema: Schema) -> None:
    assert schema.grain.startswith("One row per ")
    assert all(each.description.endswith((".", "…")) for each in schema.columns)
    assert {*schema.key, schema.moment} <= {each.name for each in schema.columns}
    assert schema.column(schema.moment).type is ColumnType.MOMENT
    assert all((each.roll_up is not None) == schema.has_buckets for each in schema.columns)
