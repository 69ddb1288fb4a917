"""What the tasks hand to the services, and what they hand on. The services are stand-ins here, and real in e2e."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace

import pytest
from tests.unit.telemetry.delivered_files import a_row, at, write

from finops.core.errors import BadInput, NotOffered, Unavailable
from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.pipelines.landing import LandReport
from finops.policy.sources import ConfiguredSource
from finops.stores.state import builds as recorded
from finops.stores.state import ledger, period_inputs
from finops.stores.state.store import open_state
from finops_airflow.steps import bills, marts, reviews
from finops_airflow.steps import results as results_steps
from finops_airflow.steps import telemetry as telemetry_steps

JANUARY = BillingPeriod(2025, 1)
NOON = datetime(2025, 2, 3, 12, tzinfo=UTC)


def stand_in(monkeypatch, name: str, **attributes) -> None:
    module = ModuleType(name)
    vars(module).update(attributes)
    monkeypatch.setitem(sys.modules, name, module)


def source(name: str, provider: str, **fields) -> ConfiguredSource:
    return ConfiguredSource.model_validate({"name": name, "provider": provider, "uri": f"/bills/{name}", **fields})


@pytest.fixture
def asked(home, monkeypatch):
    """Let two sources be configured; return what ``ingest`` was asked, and let a test set what it answers."""
    calls = SimpleNamespace(seen=[], answer=SimpleNamespace(landed=(), rejections=()))

    def ingest(_settings, provider, origin, **options):
        calls.seen.append((provider, origin, options))
        if isinstance(calls.answer, Exception):
            raise calls.answer
        return calls.answer

    sources = (
        source("payer", Provider.AWS, export="daily", format="azure_only_actual"),
        source("tenant", Provider.AZURE, no_manifest=True),
        source("any", "focus"),
        source("renamed", "Databricks"),
    )
    stand_in(monkeypatch, "finops.policy.sources", load=lambda _settings: sources)
    stand_in(monkeypatch, "finops.ingest.service", ingest=ingest)
    return calls


def landed(provider: Provider, period: BillingPeriod, at: datetime, **fields) -> ledger.Delivery:
    name = fields.pop("source", f"{provider}-export")
    defaults = {
        "delivery_id": f"{provider}-{name}-{period}"[:32],
        "format": SourceFormat.FOCUS,
        "fingerprint": f"{name}{period}",
        "origin": "/bills",
        "produced_at": at,
        "relative_path": name,
        "row_count": 1,
        "byte_count": 1,
        "billing_accounts": ("1",),
    }
    values = defaults | fields
    return ledger.Delivery(provider=provider, source=name, billing_period=period, landed_at=at, **values)


def record(settings, *deliveries: ledger.Delivery) -> None:
    with open_state(settings).begin() as connection:
        for delivery in deliveries:
            ledger.record(connection, delivery)


def not_taken(outcome: str, reason: str, period: BillingPeriod | None = JANUARY) -> SimpleNamespace:
    return SimpleNamespace(outcome=outcome, reason=reason, billing_period=period)


def test_a_provider_reads_its_own_sources_and_a_backfill_reads_all(asked):
    assert bills.sources_of(Provider.AWS) == ["payer"]
    assert bills.sources_of("azure") == ["tenant"]
    assert bills.sources_of("focus") == ["any", "renamed"]
    assert bills.sources_of() == ["payer", "tenant", "any", "renamed"]


def test_landing_passes_on_what_the_source_says_of_itself(asked):
    bills.land_source("payer")
    ((provider, origin, options),) = asked.seen
    assert (provider, origin) == (Provider.AWS, "/bills/payer")
    assert options == {
        **{"periods": None, "no_manifest": False, "source": "daily", "client": None},
        "source_format": "azure_only_actual",
    }


def test_a_backfill_asks_for_its_month_alone(asked):
    bills.land_source("tenant", "2025-01")
    assert asked.seen[0][2]["periods"] == [JANUARY]
    assert asked.seen[0][2]["no_manifest"] is True


def test_landing_returns_each_period_once_however_many_exports_hold_it(asked):
    deliveries = [SimpleNamespace(billing_period=period) for period in (JANUARY.next, JANUARY, JANUARY)]
    asked.answer = SimpleNamespace(landed=deliveries, rejections=())
    assert bills.land_source("tenant")["landed"] == ["2025-01", "2025-02"]


def test_a_delivery_that_waits_blocks_nothing_and_a_damaged_one_is_named(asked):
    refused = (not_taken("waiting", "manifest is missing"), not_taken("quarantined", "part-2.parquet: cut at byte 7"))
    asked.answer = SimpleNamespace(landed=(), rejections=refused)
    report = bills.land_source("payer")
    assert report["blocked"] == ["payer 2025-01 quarantined: part-2.parquet: cut at byte 7"]
    with pytest.raises(BadInput, match="payer 2025-01 quarantined: part-2"):
        bills.fail_on_blocked([report])


def test_nothing_blocked_fails_nothing():
    bills.fail_on_blocked([LandReport(source="payer", landed=["2025-01"], blocked=[])])


def test_a_month_before_a_cloud_was_used_has_nothing_to_land_and_is_no_error(asked):
    asked.answer = NotOffered("/bills/payer: has no delivery of billing period 2019-01")
    assert bills.land_source("payer", "2019-01") == {"source": "payer", "landed": [], "blocked": []}


def test_a_source_that_was_renamed_while_a_run_waited_is_named(asked):
    with pytest.raises(BadInput, match="no source 'gone'"):
        bills.land_source("gone")


def test_the_periods_of_all_sources_are_announced_together_each_once():
    reports = [
        LandReport(source="a", landed=["2025-02", "2025-01"], blocked=[]),
        LandReport(source="b", landed=["2025-02"], blocked=[]),
    ]
    assert bills.landed_periods(iter(reports)) == ["2025-01", "2025-02"]


def test_only_what_has_landed_a_while_ago_and_was_not_built_is_overdue(home):
    old, new = NOON - timedelta(hours=2), NOON - timedelta(minutes=5)
    built = landed(Provider.AWS, JANUARY.previous, old)
    record(
        home,
        built,
        landed(Provider.AWS, JANUARY, old),
        landed(Provider.GCP, JANUARY, old),
        landed(Provider.AWS, JANUARY.next, new),
    )
    digest = period_inputs.PeriodInput(Provider.AWS, JANUARY.previous, (built,)).digest
    with open_state(home).begin() as connection:
        recorded.start_build(connection, "b1")
        recorded.mark_built(connection, "b1", {(Provider.AWS, JANUARY.previous): digest})
    assert marts.overdue_periods(NOON) == ["2025-01"]
    assert marts.overdue_periods(NOON + timedelta(hours=1)) == ["2025-01", "2025-02"]


def test_half_an_azure_month_is_not_asked_for_every_hour(home):
    half = landed(Provider.AZURE, JANUARY, NOON, source="actual", format=SourceFormat.AZURE_ACTUAL)
    record(home, half)
    assert marts.overdue_periods(NOON + timedelta(days=1)) == []
    record(home, landed(Provider.AZURE, JANUARY, NOON, source="amortized", format=SourceFormat.AZURE_AMORTIZED))
    assert marts.overdue_periods(NOON + timedelta(days=1)) == ["2025-01"]


@pytest.fixture
def builds(home, monkeypatch):
    calls = []

    def build(_settings, periods=None, **_progress):
        calls.append(periods)
        return SimpleNamespace(build_id="b1", billing_periods=periods or [JANUARY, JANUARY.next])

    stand_in(monkeypatch, "finops.transform.service", build=build)
    return calls


def test_several_events_of_a_month_lead_to_one_build(home, builds):
    assert marts.build_marts("2025-01") is None
    assert builds == [], "a named period would be built again though nothing has changed"


def test_the_partition_names_the_month_that_is_built(home, builds):
    record(home, landed(Provider.AWS, JANUARY, NOON), landed(Provider.AWS, JANUARY.next, NOON))
    assert marts.build_marts("2025-01") == {"build_id": "b1", "billing_periods": ["2025-01"]}
    assert builds == [[JANUARY]]


def test_a_run_by_hand_builds_everything_that_is_pending(home, builds):
    assert marts.build_marts(None) == {"build_id": "b1", "billing_periods": ["2025-01", "2025-02"]}
    assert builds == [None]


@pytest.fixture
def telemetry(home, tmp_path, monkeypatch):
    """A configuration with one source of telemetry, and the folder that it reads."""
    (tmp_path / "config").mkdir()
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(tmp_path / "config"))
    text = f"sources: [{{name: gpu, kind: resource_metrics, from: {tmp_path / 'gpu'}}}]"
    (tmp_path / "config" / "telemetry.yml").write_text(text, encoding="utf-8")
    return tmp_path / "gpu"


def test_telemetry_that_is_not_configured_is_no_error(telemetry):
    assert telemetry_steps.telemetry_sources() == ["gpu"]
    (telemetry.parent / "config" / "telemetry.yml").unlink()
    assert telemetry_steps.telemetry_sources() == []


def test_a_monitoring_system_that_does_not_answer_fails_its_source_and_may_be_tried_again(telemetry, monkeypatch):
    monkeypatch.setattr("finops.telemetry.monitors.http.pause", lambda seconds: None)
    columns = "{provider: {value: aws}, resource_id: instance}"
    source = f"{{name: gpu, kind: resource_metrics, type: prometheus, url: 'http://127.0.0.1:9', columns: {columns}}}"
    (telemetry.parent / "config" / "telemetry.yml").write_text(f"sources: [{source}]", encoding="utf-8")
    with pytest.raises(Unavailable, match=r"gpu: prometheus at http://127\.0\.0\.1:9 broke off, or does not answer"):
        telemetry_steps.land_telemetry("gpu")


def test_a_refused_file_of_telemetry_fails_its_source_once_all_else_has_landed(telemetry):
    write(telemetry / "good.csv", [at(0)])
    assert telemetry_steps.land_telemetry("gpu") == ["2025-01-31"]
    assert telemetry_steps.land_telemetry("gpu") == []
    write(telemetry / "bad.csv", [at(0, average="x")])
    write(telemetry / "next.csv", [a_row(bucket_start="2025-02-01")])
    with pytest.raises(BadInput, match=r"gpu: bad\.csv, line 2: average 'x'"):
        telemetry_steps.land_telemetry("gpu")
    (telemetry / "bad.csv").unlink()
    assert telemetry_steps.land_telemetry("gpu") == []


def test_the_review_of_the_last_whole_week_is_written_and_noted(home):
    from tests.unit.review.full_week import full_week
    from tests.unit.review.published_kpis import publish_kpis

    from finops.core.settings import Settings

    publish_kpis(Settings(), full_week())
    week = reviews.write_review()
    assert week == "2025-02-03"
    note = reviews.note_of_review(week)
    assert note.startswith("Review of the week of 2025-02-03.\n\n3 of 5 KPIs with a target miss it.")
    assert "week=2025-02-03/index.html" in note


def test_before_any_kpis_are_published_there_is_no_review_and_no_failure(home):
    assert reviews.write_review() is None


@pytest.fixture
def forecasting(home, monkeypatch):
    """Say whether forecasts are due and bills on their way; note which run dates were forecast."""
    from finops.pipelines import forecasts, results

    asked = SimpleNamespace(due=True, waiting=[], run_dates=[])

    def run(_settings, run_date):
        asked.run_dates.append(run_date)
        return SimpleNamespace(build_id="build-9")

    monkeypatch.setattr(results, "bills_on_their_way", lambda _settings: asked.waiting)
    monkeypatch.setattr(forecasts, "is_due", lambda _settings: asked.due)
    monkeypatch.setattr(forecasts, "run", run)
    return asked


def test_forecasts_wait_for_bills_that_have_just_landed(forecasting):
    """Six months that land at once are forecast once, after the last."""
    forecasting.waiting = ["aws 2025-02"]
    assert results_steps.forecast_spend(None) is None
    forecasting.waiting = []
    assert results_steps.forecast_spend(None) == "build-9"
    assert forecasting.run_dates == [None]


def test_forecasts_that_are_up_to_date_are_not_made_again_but_those_of_a_past_day_are(forecasting):
    forecasting.due = False
    assert results_steps.forecast_spend(None) is None
    assert results_steps.forecast_spend("2025-01-31") == "build-9"
    assert [str(each) for each in forecasting.run_dates] == ["2025-01-31"]


def test_a_run_date_that_is_no_day_is_named(forecasting):
    with pytest.raises(BadInput, match=r"run date '31\.1\.2025' is no day; write it as YYYY-MM-DD"):
        results_steps.forecast_spend("31.1.2025")


def test_before_anything_is_published_no_forecast_is_asked_for(home):
    assert results_steps.outdated_forecasts() == []
    assert results_steps.outdated_incidents() == []
