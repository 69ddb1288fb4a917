"""Whatever ingestion takes, staging reads, to the same sums: no cell of a landed file stops a build."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.model_sql import macro_sql, staging_sql
from tests.unit.ingest.mutated_bills import KINDS, Kind, write

from finops.core.errors import BadInput, FinopsError
from finops.core.formats import SourceFormat
from finops.core.settings import Settings
from finops.ingest import landing
from finops.ingest.models import FetchedFile, FileFacts
from finops.ingest.reading import open_engine
from finops.ingest.verification.inspection import inspect
from finops.transform import inputs

EXAMPLES = int(os.environ.get("MUTATED_BILLS", "150"))
"""How many files are tried; a long run sets it to 10,000."""
SECONDS = 60 if EXAMPLES < 1000 else 24 * 3600
TOGETHER = 20
"""Files of a format that one build stages."""
SEED = int(os.environ.get("MUTATED_BILLS_SEED", "1"))

_MODELS = {
    SourceFormat.AWS_CUR2: "stg_aws_cur2",
    SourceFormat.AWS_CUR_LEGACY: "stg_aws_cur_legacy",
    SourceFormat.AZURE_ACTUAL: "stg_azure_actual",
    SourceFormat.AZURE_AMORTIZED: "stg_azure_amortized",
    SourceFormat.GCP_DETAILED: "stg_gcp_usage",
    SourceFormat.GCP_STANDARD: "stg_gcp_usage",
    SourceFormat.FOCUS: "stg_focus",
}
_BILLED = {
    "stg_aws_cur2": "coalesce(line_item_net_unblended_cost, line_item_unblended_cost)",
    "stg_aws_cur_legacy": "coalesce(line_item_net_unblended_cost, line_item_unblended_cost)",
    "stg_azure_actual": "cost",
    "stg_azure_amortized": "cost",
    "stg_focus": "billed_cost",
    "stg_gcp_usage": "cost + coalesce(list_sum([cast(c.amount as decimal(38, 12)) for c in credits]), 0)",
}


@dataclass(frozen=True)
class Landed:
    """A mutated bill that ingestion took."""

    number: int
    kind: Kind
    facts: FileFacts


class Stage:
    """A warehouse's inputs, and an engine that stages them."""

    def __init__(self, warehouse: Path) -> None:
        self._warehouse = warehouse
        self._connection = duckdb.connect()
        self._connection.execute("set timezone = 'UTC'")

    def must_read(self, files: list[Landed]) -> None:
        """Stage files of one format as deliveries of one build; every source has its own rows and costs."""
        source_format = files[0].facts.format
        model = _MODELS[source_format]
        shutil.rmtree(self._warehouse, ignore_errors=True)
        for each in files:
            self._link(each)
        for empty in SourceFormat:
            inputs.write_empty_files(self._warehouse / "inputs" / empty, empty)
        self._connection.execute(f"create or replace table staged as {staging_sql(model, self._warehouse)}")
        if model in ("stg_focus", "stg_azure_actual", "stg_azure_amortized"):
            tags = macro_sql("json_from_text", "native_tags")
            self._connection.execute(f"create or replace table tags as select {tags} as tags from staged")
        found = self._connection.execute(
            f"select source, billing_period, count(*), sum({_BILLED[model]}) from staged group by all"
        ).fetchall()
        sums = {(source, period): (rows, cost) for source, period, rows, cost in found}
        assert sums == _expected(files)

    def _link(self, each: Landed) -> None:
        path, facts = each.facts.file.path, each.facts
        ending = "parquet" if path.suffix == ".parquet" else "csv"
        for period in {group.period for group in facts.groups}:
            folder = self._warehouse / "inputs" / facts.format / ending / f"provider={each.kind.provider}"
            place = folder / f"source=s{each.number}" / f"billing_period={period}" / "delivery=d"
            place.mkdir(parents=True)
            os.link(path, place / landing.local_name(path.name))


def _expected(files: list[Landed]) -> dict[tuple[str, str], tuple[int, Decimal]]:
    groups = [(f"s{each.number}", group) for each in files for group in each.facts.groups]
    sums: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for source, group in groups:
        rows, cost = sums.get((source, group.period), (0, Decimal(0)))
        sums[source, group.period] = rows + group.row_count, cost + group.source_cost
    return sums


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "warehouse")


def test_any_files_that_ingestion_takes_are_staged_together_to_the_same_sums(stage: Stage, tmp_path: Path) -> None:
    """Files with faults of many kinds, each either refused in one line or read by staging beside the others."""
    end, refused, staged = time.monotonic() + SECONDS, 0, 0
    taken: dict[SourceFormat, list[Landed]] = defaultdict(list)
    with open_engine(Settings(home=tmp_path), tmp_path) as engine:
        for number in range(EXAMPLES):
            found = _ingested(engine, tmp_path, number)
            if found is None:
                refused += 1
                continue
            taken[found.facts.format].append(found)
            if len(taken[found.facts.format]) == TOGETHER:
                staged += _must_be_staged(stage, taken.pop(found.facts.format))
            if time.monotonic() > end:
                break
        staged += sum(_must_be_staged(stage, files) for files in taken.values())

    print(f"{staged} taken and staged, {refused} refused")  # noqa: T201
    assert staged > 10
    assert refused > 10


def _ingested(engine: duckdb.DuckDBPyConnection, folder: Path, number: int) -> Landed | None:
    chance = random.Random(SEED * 1_000_000 + number)
    kind = chance.choice(KINDS)
    path = folder / f"{number}{'.parquet' if kind.is_parquet else chance.choice(('.csv', '.csv.gz'))}"
    write(kind, chance, path)
    try:
        return Landed(number, kind, inspect(engine, FetchedFile(path, path.name), kind.provider, _stated(kind)))
    except FinopsError as error:
        _must_be_one_line(error, number)
    path.unlink()
    return None


def _must_be_one_line(error: FinopsError, number: int) -> None:
    assert isinstance(error, BadInput), number
    assert str(error).isprintable(), number
    assert len(str(error)) < 2000, number


def _must_be_staged(stage: Stage, files: list[Landed]) -> int:
    """Stage files together; where that fails, name the smallest number of them that fails."""
    try:
        stage.must_read(files)
    except (duckdb.Error, AssertionError) as error:
        for each in files if len(files) > 1 else ():
            _must_be_staged(stage, [each])
        raise AssertionError(f"{[each.number for each in files]}: landed and cannot be staged: {error}") from None
    for each in files:
        each.facts.file.path.unlink()
    return len(files)


def _stated(kind: Kind) -> SourceFormat | None:
    return kind.source_format if kind.provider == "azure" and kind.source_format is not SourceFormat.FOCUS else None
