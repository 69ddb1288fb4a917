"""Builds: what is in scope, what a re-run changes, and what a broken or killed build leaves behind."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper
from tests.allocation_model import allocate

from finops.core.atomic import sha256_of
from finops.core.errors import BadInput, FinopsError, NotReady, Unavailable
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.policy import allocation
from finops.policy.allocation.drivers import quantities
from finops.sample.service import generate
from finops.stores.candidate import load_candidate
from finops.stores.published import READER, reader_sql
from finops.stores.state import builds, ledger, period_inputs
from finops.stores.state.store import open_state
from finops.transform import inputs
from finops.transform.service import build

JANUARY, FEBRUARY = BillingPeriod(2025, 1), BillingPeriod(2025, 2)
MARTS = ("fct_daily_costs", "mart_costs_by_service", "mart_chargeback", "mart_allocated_costs", "mart_reconciliation")


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two months of AWS bills, landed and built once; tests that change them say so."""
    home = tmp_path_factory.mktemp("build")
    settings = Settings(home=home / "home")
    # Where the rules of allocation look for the company's GPU hours.
    sample = settings.root / "sample"
    generate(sample, months=2, lines_per_month=2_000, providers=[Provider.AWS], first_period=JANUARY)
    ingest(settings, Provider.AWS, str(sample / "aws"))
    assert build(settings) is not None
    return settings


def _marts(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        return {mart: connection.execute(f"select * from marts.{mart} order by all").fetchall() for mart in MARTS}


def test_every_stage_adds_up_to_the_ledger(landed: Settings) -> None:
    with duckdb.connect(str(landed.warehouse_path), read_only=True) as connection:
        found = connection.execute("select count(*), count(*) filter (difference <> 0) from marts.mart_reconciliation")
        assert found.fetchone() == (12, 0)


def test_every_mart_and_the_fact_carry_their_descriptions_as_comments(landed: Settings) -> None:
    described = "schema_name = 'marts' or table_name = 'fct_focus_costs'"
    with duckdb.connect(str(landed.warehouse_path), read_only=True) as connection:
        columns = connection.execute(f"select table_name, column_name, comment from duckdb_columns() where {described}")
        found = columns.fetchall()
        marts = connection.execute(
            "select table_name, comment from duckdb_tables() where schema_name = 'marts'"
            " union all select view_name, comment from duckdb_views() where schema_name = 'marts'"
        ).fetchall()
    assert {name for name, _ in marts} >= {"mart_chargeback", "mart_cost_variance"}
    assert [name for name, about in marts if not about] == []
    assert [(table, name) for table, name, about in found if not about] == []


def test_the_fact_has_every_focus_column_through_the_warehouse_and_through_its_files(landed: Settings) -> None:
    """Published data is read without the warehouse, by the text beside the files."""
    with duckdb.connect(str(landed.warehouse_path), read_only=True) as connection:
        through_warehouse = connection.execute("select * from fct_focus_costs order by all").fetchall()
    assert (landed.focus_dir / READER).exists()
    with duckdb.connect() as connection:
        through_files = connection.execute(f"select * from ({reader_sql(landed.focus_dir)}) order by all")
        names = {column[0] for column in through_files.description or ()}
        assert through_files.fetchall() == through_warehouse
    assert {"billed_cost", "billing_period_start", "pricing_currency", "publisher_name", "x_source_format"} <= names


def test_shared_cost_is_what_the_rules_mean_when_a_second_hand_reckons_them(landed: Settings) -> None:
    """The model as dbt builds it, on the sample and the rules that are shipped, to the last decimal."""
    rules = allocation.load(landed)
    used = quantities(landed, rules, {"2025-01", "2025-02"})
    with duckdb.connect(str(landed.warehouse_path), read_only=True) as connection:
        daily = connection.execute("select * exclude (charge_date) from marts.fct_daily_costs")
        names = [column[0] for column in daily.description]
        rows = [SimpleNamespace(**dict(zip(names, values, strict=True))) for values in daily.fetchall()]
        found = connection.execute(
            "select billing_period, provider, billing_currency, cost_center, entry_kind, rule_id, rule_version,"
            " sum(billed_cost), sum(effective_cost) from marts.mart_allocated_costs group by all"
        ).fetchall()
    for row in rows:
        row.key = (row.billing_period, row.provider, row.billing_currency)

    entries = {((row[:3]), *row[3:7]): row[7:] for row in found if any(row[7:])}
    assert entries == allocate(rows, rules, used)
    assert {rule for *_, rule, _ in entries} == {"(none)", *(pool.id for pool in rules.pools)}


def test_building_without_rules_leaves_every_cost_where_the_bill_has_it(landed: Settings, tmp_path: Path) -> None:
    shutil.copy(landed.configuration_dir / "tag_policy.yml", tmp_path)
    landed.config_dir = tmp_path
    try:
        build(landed, [FEBRUARY])
    finally:
        landed.config_dir = None
    with duckdb.connect(str(landed.warehouse_path), read_only=True) as connection:
        kinds = connection.execute(
            "select billing_period, list(distinct entry_kind order by entry_kind) from marts.mart_allocated_costs"
            " group by all order by all"
        ).fetchall()
    build(landed, [FEBRUARY])
    assert kinds == [("2025-01", ["direct", "offset", "pool"]), ("2025-02", ["direct"])]


def test_invalid_rules_stop_a_build_before_it_touches_anything(landed: Settings, tmp_path: Path) -> None:
    before = load_candidate(landed), sorted(landed.inputs_dir.rglob("*"))
    (tmp_path / "allocation.yml").write_text("pools:\n  - id: tax\n", encoding="utf-8")
    shutil.copy(landed.configuration_dir / "tag_policy.yml", tmp_path)
    landed.config_dir = tmp_path
    try:
        with pytest.raises(BadInput, match=r"allocation.yml:2: pools\[1\]: missing key version"):
            build(landed, [JANUARY])
    finally:
        landed.config_dir = None
    assert (load_candidate(landed), sorted(landed.inputs_dir.rglob("*"))) == before


def test_building_one_month_again_changes_nothing(landed: Settings) -> None:
    before = _marts(landed)

    candidate = build(landed, [FEBRUARY])

    assert candidate is not None
    assert candidate.billing_periods == [FEBRUARY]
    assert _marts(landed) == before


def test_seeds_and_views_stay_as_they_are_until_the_project_is_another(landed: Settings) -> None:
    """They depend on nothing else, and making them would take a third of a small month's build."""
    project = {"dbt: cloud_regions", "dbt: fct_focus_costs"}
    unchanged = _nodes(landed)
    assert "dbt: fct_daily_costs" in unchanged
    assert not project & unchanged
    (landed.warehouse_dir / "project").write_text("digest of another", encoding="utf-8")
    assert project < _nodes(landed)


def test_a_mart_with_columns_of_another_version_is_refused_and_keeps_its_rows(landed: Settings) -> None:
    """Rows inserted beside an unknown column would be half of what they were."""
    before = _marts(landed)
    _execute(landed, "alter table marts.mart_chargeback add column former integer")
    with pytest.raises(FinopsError, match=r"mart_chargeback.*has the columns .*former"):
        build(landed, [JANUARY])
    _execute(landed, "alter table marts.mart_chargeback drop column former")
    assert _marts(landed)["mart_chargeback"] == before["mart_chargeback"]
    assert "dbt: fct_focus_costs" in _nodes(landed), "a build that failed may have left views of either version"


def _nodes(settings: Settings) -> set[str]:
    made: set[str] = set()
    assert build(settings, [JANUARY], progress=lambda node, _number, _of: made.add(node)) is not None
    return made


def _execute(settings: Settings, statement: str) -> None:
    with duckdb.connect(str(settings.warehouse_path)) as connection:
        connection.execute(statement)


def test_nothing_pending_returns_before_dbt_is_imported(settings: Settings) -> None:
    """The fixed cost of a run without work is that of one look-up."""
    program = (
        "import sys; from pathlib import Path; from finops.core.settings import Settings; "
        "from finops.transform.service import build; "
        f"assert build(Settings(home=Path({str(settings.root)!r}))) is None; "
        "sys.exit(any(name.split('.')[0] in ('dbt', 'duckdb') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_month_that_never_landed_is_refused_by_name(landed: Settings) -> None:
    with pytest.raises(BadInput, match=r"2031-01 has no deliveries \(2025-01 to 2025-02 have landed\)"):
        build(landed, [BillingPeriod(2031, 1)])


def test_an_azure_month_with_one_half_waits_and_says_for_which(
    landed: Settings, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with open_state(landed).connect() as connection:
        some = ledger.current(connection, Provider.AWS, JANUARY)[0]
    half = replace(some, provider=Provider.AZURE, format=inputs.SourceFormat.AZURE_ACTUAL, files=(), totals=())
    with open_state(settings).begin() as connection:
        ledger.record(connection, half)

    with caplog.at_level(logging.WARNING):
        assert build(settings) is None
    assert "azure 2025-01 waits for its amortized export" in caplog.text


def test_a_landed_file_that_is_gone_is_named_and_leaves_no_candidate(landed: Settings, settings: Settings) -> None:
    with open_state(landed).connect() as connection:
        delivery = ledger.current(connection, Provider.AWS, JANUARY)[0]
    with open_state(settings).begin() as connection:
        ledger.record(connection, delivery)

    with pytest.raises(BadInput, match=f"{delivery.files[0].local_name} was landed and is gone"):
        build(settings)
    with pytest.raises(NotReady):
        load_candidate(settings)


def test_a_model_that_fails_is_named_with_what_the_database_says(landed: Settings, settings: Settings) -> None:
    """Ingestion refuses text in a cost; should one land all the same, the build says which model met it."""
    with open_state(landed).connect() as connection:
        delivery = ledger.current(connection, Provider.AWS, JANUARY)[0]
    leaf = Path(delivery.relative_path, delivery.files[0].local_name)
    changed = settings.landing_dir / leaf
    changed.parent.mkdir(parents=True)
    rows = f"select * replace ('much' as line_item_unblended_cost) from '{landed.landing_dir / leaf}'"
    with duckdb.connect() as connection:
        connection.execute(f"copy ({rows}) to '{changed}' (format parquet)")
    file = replace(delivery.files[0], sha256=sha256_of(changed))
    delivery = replace(delivery, files=(file, *delivery.files[1:]))
    with open_state(settings).begin() as state:
        ledger.record(state, delivery)

    with pytest.raises(FinopsError, match=r"dbt could not build stg_aws_cur2: .*stg_aws_cur2\.sql.* Error: [^\n]*$"):
        build(settings)


def test_a_disk_that_is_full_while_an_ephemeral_model_is_worked_out_is_named(
    landed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dbt leaves such models out of its results, so nothing there would tell what failed."""
    execute = DuckDBCursorWrapper.execute

    def failing(self: DuckDBCursorWrapper, sql: str, bindings: object = None) -> object:
        if '"model.finops.exchange_rates"' in sql:
            raise duckdb.IOException('IO Error: Could not write file "/x": No space left on device')
        return execute(self, sql, bindings)

    monkeypatch.setattr(DuckDBCursorWrapper, "execute", failing)
    with pytest.raises(Unavailable, match="/x"):
        build(landed, [JANUARY])


def test_a_leftover_of_a_killed_copy_is_not_read(landed: Settings) -> None:
    part = next(landed.focus_dir.glob("provider=aws/billing_period=2025-01/part.parquet"))
    part.with_name("tmp_part.parquet").write_bytes(b"PAR1 cut short")

    with duckdb.connect(str(landed.warehouse_path), read_only=True) as connection:
        assert connection.execute("select count(*) > 0 from fct_focus_costs").fetchone() == (True,)


def test_a_full_disk_at_any_statement_of_a_build_is_one_line_and_the_next_build_ends_right(
    landed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every BUILD_FAULTS_STEP-th statement that dbt sends fails once; with a step of 1 that is each of them."""
    before, step = _marts(landed), int(os.environ.get("BUILD_FAULTS_STEP", "100"))
    execute, sent = DuckDBCursorWrapper.execute, [0]

    def failing(self: DuckDBCursorWrapper, sql: str, bindings: object = None) -> object:
        sent[0] += 1
        if sent[0] == fails_at:
            raise duckdb.IOException('IO Error: Could not write file "/x": No space left on device')
        return execute(self, sql, bindings)

    monkeypatch.setattr(DuckDBCursorWrapper, "execute", failing)
    fails_at = 1
    while True:
        sent[0] = 0
        with contextlib.suppress(Unavailable):
            build(landed, [JANUARY])
        if sent[0] < fails_at:
            break
        with pytest.raises(NotReady):
            load_candidate(landed)
        fails_at += step
    monkeypatch.undo()

    assert fails_at > step
    assert build(landed, [JANUARY]) is not None
    assert _marts(landed) == before


@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_a_damaged_warehouse_is_made_again_by_the_next_build(landed: Settings, damage: str) -> None:
    """Of what it is asked for: what is published does not need the workspace that it was built in."""
    before = _marts(landed)
    landed.warehouse_path.unlink()
    if damage == "damaged":
        landed.warehouse_path.write_bytes(b"no database" * 10_000)

    candidate = build(landed, [JANUARY, FEBRUARY])

    assert candidate is not None
    assert (candidate.billing_periods, candidate.all_or_nothing) == ([JANUARY, FEBRUARY], False)
    assert _marts(landed) == before


def test_where_another_layout_is_published_every_month_that_was_built_is_built_again(landed: Settings) -> None:
    """After an upgrade that stores the fact differently, old and new files would not fit one view."""
    before = _marts(landed)
    with open_state(landed).begin() as state:
        builds.start_build(state, "earlier")
        built = {(each.provider, each.billing_period): each.digest for each in period_inputs.landed(state)}
        builds.mark_built(state, "earlier", built)
    version = landed.published_dir / "versions" / "earlier"
    version.mkdir(parents=True)
    (version / "manifest.json").write_text(json.dumps({"layout": "0", "published_at": "2025-03-01T00:00:00+00:00"}))
    (landed.warehouse_dir / "layout").write_text("0")

    candidate = build(landed, [FEBRUARY])

    assert candidate is not None
    assert (candidate.billing_periods, candidate.all_or_nothing) == ([JANUARY, FEBRUARY], True)
    assert _marts(landed) == before
