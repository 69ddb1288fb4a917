"""KPIs follow what is published and what has landed: each month by itself, the bills untouched, no fault for others."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from finops.core.errors import BadInput, Finding, Superseded
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.ingest.service import ingest
from finops.pipelines import kpis, marts, telemetry
from finops.policy.telemetry import FileSource
from finops.quality import service as gate
from finops.sample.service import generate
from finops.stores import published, workspaces
from finops.stores.published import FACT, Publication
from finops.transform import runner

JANUARY, FEBRUARY = BillingPeriod(2025, 1), BillingPeriod(2025, 2)
RUNS = "run_id,model,model_version,stage,provider,resource_id,gpu_count,started_at,ended_at,status\n"


def _silent(*_: object) -> None:
    pass


@pytest.fixture(scope="module")
def with_kpis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two published months of AWS with their KPIs; nothing of telemetry."""
    home = tmp_path_factory.mktemp("kpis") / "home"
    settings = Settings(home=home)
    generate(home / "sample", months=2, lines_per_month=2_000, providers=[Provider.AWS])
    ingest(settings, Provider.AWS, str(home / "sample" / "aws"))
    assert marts.run(settings, None, _silent) is not None
    reports = kpis.run(settings, None)
    assert [(each.month, each.fault) for each in reports] == [(JANUARY, None), (FEBRUARY, None)]
    return home


@pytest.fixture
def home(with_kpis: Path, tmp_path: Path) -> Settings:
    """A copy of it, the links between versions kept."""
    target = tmp_path / "home"
    shutil.copytree(with_kpis, target, symlinks=True)
    return Settings(home=target)


def test_the_unit_tests_of_the_kpi_models_pass(with_kpis: Path) -> None:
    """dbt's own unit tests; they need the models' columns, hence a warehouse."""
    work = Settings(home=with_kpis).in_workspace(workspaces.KPIS)
    passed = runner.run(work, ["test", "--select", "test_type:unit,tag:kpi"])

    assert {
        "a_landed_price_counts_unless_it_cannot_be_right",
        "a_million_tokens_cost_what_the_bill_says",
        "a_node_is_shared_by_gpus_or_by_the_larger_of_processors_and_memory",
        "a_recommendation_has_the_owner_of_its_resource_and_the_currency_of_its_saving",
        "a_recommendation_is_as_it_was_last_made_in_the_month",
        "a_run_counts_once_in_its_experiment_and_once_in_its_pipeline",
        "a_run_on_a_resource_that_is_in_no_bill_is_there_and_costs_nothing",
        "a_used_gpu_hour_costs_more_than_one_that_was_billed",
        "a_version_costs_all_its_stages_and_training_is_spread_over_its_inferences",
        "a_version_differs_from_the_one_before_by_usage_rate_and_new_stages",
        "an_inference_costs_its_part_of_the_day_and_a_day_without_any_costs_nothing_per_inference",
        "gpus_and_tokens_are_told_by_instance_type_or_price",
        "runs_that_overlap_share_each_second_and_versions_share_by_requests",
        "staging_is_flagged_above_its_part_of_production",
        "the_newest_price_of_the_region_that_the_catalogue_is_of_counts",
        "what_a_resource_costs_is_of_who_used_it_and_the_rest_is_idle",
        "workloads_have_their_part_of_the_node_and_the_rest_is_idle",
        "kpi_months_of_google_begin_and_end_in_california",
        "a_day_of_spot_belongs_to_the_run_that_had_the_machine_for_all_the_hours_that_it_ran",
        "meters_of_three_clouds_and_of_focus_tell_where_bytes_go_and_how_they_are_stored",
        "a_spot_charge_is_shared_by_time_among_the_runs_that_it_covers",
        "an_interruption_takes_what_came_after_the_last_checkpoint",
        "a_transfer_charge_is_shared_by_bytes_and_then_by_time",
        "the_longest_time_without_a_checkpoint_is_the_most_that_an_interruption_costs",
        "checkpoints_have_their_part_of_what_the_bucket_stores",
        "commitments_save_less_what_nobody_used_of_all_that_they_could_cover",
        "the_platform_is_held_against_its_targets",
        "of_actions_that_were_begun_and_have_ended_those_that_were_done_are_a_success",
        "what_a_resource_is_charged_is_hours_of_its_machine_and_how_they_are_priced",
        "a_day_of_a_resource_is_hours_of_its_machine_and_cost_by_how_it_is_priced",
        "a_day_of_usage_tells_how_high_it_went_and_when_it_was_idle",
        "of_a_whole_day_one_hour_may_be_higher_than_the_95th_percentile",
        "a_resource_is_as_it_was_last_seen_in_the_month",
        "the_owner_of_a_resource_is_who_pays_and_its_machine_is_known_by_its_type",
        "machines_are_there_in_each_month_of_their_provider",
    } <= set(passed)


def _land_a_run(settings: Settings, day: str = "2025-02-10", resource: str = "i-unbilled") -> None:
    folder = settings.root / "runs"
    folder.mkdir(exist_ok=True)
    row = f"run-{day},atlas-7b,2.0,training,aws,{resource},8,{day}T01:00:00Z,{day}T02:00:00Z,finished\n"
    (folder / f"{day}.csv").write_text(RUNS + row)
    source = FileSource.model_validate(
        {"name": "runs", "kind": TelemetryKind.TRAINING_RUNS, "type": "files", "from": str(folder)},
        context={"settings": settings},
    )
    report = telemetry.take(settings, source)
    assert [str(each.day) for each in report.landed] == [day]


def _files(version: Publication) -> dict[str, bytes]:
    """Every Parquet file of a version with its content."""
    return {str(path.relative_to(version.path)): path.read_bytes() for path in version.path.rglob("*.parquet")}


def test_what_is_of_no_provider_is_published_and_replaced_with_its_month(home: Settings) -> None:
    """How fresh telemetry is belongs to no bill: its row would stay, or be missing, were rows replaced by provider."""
    for day in ("2025-02-10", "2025-02-20"):
        _land_a_run(home, day)
        assert [each.fault for each in kpis.run(home, [FEBRUARY])] == [None]

    query = "select numerator from mart_platform_kpis where provider = '(all)' and kpi = 'data_freshness_hours'"
    with published.latest(home).connect() as connection:
        assert connection.execute(query + " and billing_period = '2025-02'").fetchall() == [(8 * 24,)]
        assert connection.execute(query + " and billing_period = '2025-01'").fetchall() == []


def test_kpis_are_up_to_date_once_they_are_published_for_readers_and_tools(home: Settings) -> None:
    version = published.latest(home)
    assert kpis.pending(home) == []
    assert set(version.manifest["kpis"]) == {"2025-01", "2025-02"}
    with version.connect() as connection:
        for mart in version.layers["kpis"]:
            months = connection.execute(f"select distinct billing_period from {mart} order by 1").fetchall()
            assert {month for (month,) in months} <= {"2025-01", "2025-02"}
    described = {each.name for each in published_dictionary(version)}
    assert described == {FACT, *version.marts}, "the dictionary describes bills and KPIs, whoever published last"


def published_dictionary(version: Publication):  # type: ignore[no-untyped-def]
    from finops.stores import dictionary

    return dictionary.read(version.path)


def test_new_telemetry_makes_the_kpis_of_its_month_pending_and_never_touches_the_fact(home: Settings) -> None:
    before = published.latest(home)
    _land_a_run(home)
    assert kpis.pending(home) == [FEBRUARY], "a run of February says nothing of January"
    assert marts.pending(home) == [], "telemetry is no reason to build bills"
    [report] = kpis.run(home, None)
    assert (report.month, report.fault) == (FEBRUARY, None)
    after = published.latest(home)
    changed = {name for name, content in _files(after).items() if _files(before).get(name) != content}
    of_kpis = {name for name in changed if name.split("/")[0] in after.layers["kpis"]}
    assert changed == of_kpis, "a bill, its marts or the fact were written anew"
    assert kpis.pending(home) == []


def test_traffic_that_no_kpi_reads_makes_none_pending(home: Settings) -> None:
    """Callers are counted each hour; a build for each would be for nothing."""
    file = home.root / "calls.csv"
    head = "provider,endpoint_id,traffic_source,bucket_start,bucket_minutes,requests\n"
    file.write_text(f"{head}aws,some-endpoint,web,2025-02-10T01:00:00Z,60,12\n")
    entry = {"name": "calls", "kind": TelemetryKind.ENDPOINT_TRAFFIC, "type": "files", "from": str(file)}
    report = telemetry.take(home, FileSource.model_validate(entry, context={"settings": home}))
    assert [each.row_count for each in report.landed] == [1]
    assert kpis.pending(home) == []


def test_a_month_of_which_a_mart_has_no_rows_has_its_kpis(home: Settings) -> None:
    """Published marts keep no file of such a month; a company without budgets has nothing else."""
    shutil.rmtree(published.latest(home).path / "mart_budget_use" / "billing_period=2025-02")
    assert [each.fault for each in kpis.run(home, [FEBRUARY])] == [None]


def test_a_bill_that_is_published_anew_carries_the_kpis_along_until_they_are_built_anew(home: Settings) -> None:
    before = published.latest(home)
    assert marts.run(home, [JANUARY], _silent) is not None
    between = published.latest(home)
    for mart in before.layers["kpis"]:
        assert between.manifest["marts"][mart] == before.manifest["marts"][mart]
    assert kpis.pending(home) == [JANUARY]
    assert kpis.run(home, None)[0].fault is None
    assert kpis.pending(home) == []


def test_a_month_that_the_gate_refuses_stays_as_it_was_and_holds_back_no_other(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not tried again each hour with the same bills and telemetry, but whoever asks for it can."""
    _land_a_run(home, "2025-01-31")
    assert kpis.pending(home) == [JANUARY, FEBRUARY], "a run of January may go on in February"
    before = published.latest(home).manifest["kpis"]["2025-01"]
    check = gate.check_layer

    def refuse_january(settings: Settings, build_id: str):  # type: ignore[no-untyped-def]
        verdict = check(settings, build_id)
        if str(gate.load_candidate(settings).billing_periods[0]) == "2025-01":
            raise Finding("mart_gpu_utilization: a cent is missing")
        return verdict

    monkeypatch.setattr(gate, "check_layer", refuse_january)
    reports = kpis.run(home, None)
    assert [(str(each.month), each.fault) for each in reports] == [
        ("2025-01", "mart_gpu_utilization: a cent is missing"),
        ("2025-02", None),
    ]
    assert published.latest(home).manifest["kpis"]["2025-01"] == before
    assert kpis.pending(home) == []
    assert kpis.pending(home, retry=True) == [JANUARY]
    assert kpis.faults(home)[JANUARY].reason == "mart_gpu_utilization: a cent is missing"
    monkeypatch.undo()
    [again] = kpis.run(home, None)
    assert (again.month, again.fault) == (JANUARY, None), "a person who asks means it, whatever was noted"
    assert kpis.faults(home) == {}


def test_kpis_of_a_bill_that_was_published_meanwhile_are_not_published(home: Settings) -> None:
    """They would not tie out to what readers then see; the next run builds them from the new bill."""
    _land_a_run(home)
    built = kpis.build(home, FEBRUARY)
    kpis.gate(home, built.build_id, FEBRUARY)
    assert marts.run(home, [FEBRUARY], _silent) is not None
    with pytest.raises(Superseded, match="bills or telemetry of 2025-02 are newer than build"):
        kpis.publish(home, built.build_id)
    assert kpis.pending(home) == [FEBRUARY]


def test_a_landed_file_that_is_gone_is_named_with_what_lands_it_again(home: Settings) -> None:
    _land_a_run(home)
    (landed,) = (home.landing_dir / "telemetry").rglob("*.parquet")
    landed.unlink()
    [report] = kpis.run(home, None)
    assert report.fault is not None
    assert str(landed) in report.fault
    assert "`finops telemetry ingest` lands it again" in report.fault


def test_a_month_that_is_not_published_is_refused_before_anything_is_built(home: Settings) -> None:
    with pytest.raises(BadInput, match="2024-07 is not published; there are 2025-01, 2025-02"):
        kpis.run(home, [FEBRUARY, BillingPeriod(2024, 7)])


def test_a_publication_that_was_killed_after_readers_had_it_is_recorded_by_the_next(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from finops.transform import recording

    _land_a_run(home)
    built = kpis.build(home, FEBRUARY)
    kpis.gate(home, built.build_id, FEBRUARY)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(recording, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            kpis.publish(home, built.build_id)
    assert published.latest(home).build_id == built.build_id
    assert kpis.publish(home, built.build_id).build_id == built.build_id, "the same once more"
    assert kpis.pending(home) == []


def test_a_workspace_whose_tables_are_of_another_release_begins_anew(home: Settings) -> None:
    """Else the first build after an upgrade would find other columns, and fail."""
    work = home.in_workspace(workspaces.KPIS)
    (work.warehouse_dir / "layout").write_text("an earlier one", encoding="utf-8")
    with duckdb.connect(str(work.warehouse_path)) as connection:
        connection.execute("alter table marts.mart_machine_types drop column set_aside_price")
    _land_a_run(home)
    assert [each.fault for each in kpis.run(home, [FEBRUARY])] == [None]
