"""The company behaves like one: it grows, rests on Sundays, forgets tags, spells them its own ways, has accidents."""

from __future__ import annotations

import csv
import statistics
from collections import Counter
from datetime import UTC, datetime

import pytest

from finops.core.errors import BadInput
from finops.sample.company import MODELS
from finops.sample.models import AnomalyKind, SampleReport
from finops.sample.series import Forgetfulness, dealt
from finops.sample.service import generate

AWS_MODEL = """coalesce(list_filter(map_entries(resource_tags),
    lambda e: replace(lower(e.key), '_', '') = 'useraimodel')[1].value, '(none)')"""
AZURE_MODEL = 'coalesce(regexp_extract(tags, \'(?i)"ai.model":"([^"]+)"\', 1), \'\')'
GCP_MODEL = "coalesce(list_filter(labels, lambda l: l.key in ('ai-model', 'ai_model'))[1].value, '(none)')"
SERIES = {
    "aws": f"""select line_item_usage_account_id, line_item_product_code, {AWS_MODEL},
        line_item_usage_start_date::date, sum(line_item_unblended_cost) from aws
        where line_item_line_item_type = 'Usage' group by all""",
    "azure": f"""select SubscriptionId, meterCategory, if({AZURE_MODEL} = '', '(none)', {AZURE_MODEL}),
        strptime("date", '%m/%d/%Y')::date, sum(costInBillingCurrency::double) from azure
        where half = 'meridian-amortized' group by all""",
    "gcp": f"""select project.id, service.description, {GCP_MODEL}, usage_start_time::date,
        sum(cost) from gcp group by all""",
}


@pytest.fixture(scope="module")
def daily(half_year_query) -> dict[tuple[str, str, str, str], dict[object, float]]:
    found: dict[tuple[str, str, str, str], dict[object, float]] = {}
    for provider, sql in SERIES.items():
        for account, service, model, day, cost in half_year_query(sql):
            found.setdefault((provider, account, service, model), {})[day] = cost
    return found


def test_labels_point_at_series_that_have_lines_while_they_last(half_year: SampleReport, daily) -> None:
    with (half_year.out / "labels.csv").open(newline="") as lines:
        labels = list(csv.DictReader(lines))
    assert len(labels) == len(half_year.labels) > 30
    for label in labels:
        series = daily[label["provider"], label["account"], label["service"], label["model"]]
        start, end = (datetime.fromisoformat(label[name]).date() for name in ("start", "end"))
        assert any(start <= day < end for day in series), label


def test_every_kind_of_anomaly_is_labelled_on_some_cloud(half_year: SampleReport) -> None:
    assert {label.kind for label in half_year.labels} == set(AnomalyKind)
    assert all(count > 5 for count in Counter(label.provider for label in half_year.labels).values())


@pytest.mark.parametrize("kind", [AnomalyKind.SPIKE, AnomalyKind.RUNAWAY_ENDPOINT, AnomalyKind.EGRESS_BURST])
def test_a_sudden_anomaly_stands_out_of_its_series(half_year: SampleReport, daily, kind: AnomalyKind) -> None:
    labels = [label for label in half_year.labels if label.kind is kind]
    assert labels
    for label in labels:
        series = daily[label.provider, label.series.account, label.series.service, label.series.model]
        lasts = {day for day in series if label.start.date() <= day < label.end.date()}
        # Against the same weekdays of the month, since a Sunday's spike may be a Monday's routine.
        weekdays = {day.weekday() for day in lasts}
        month = [day for day in series if (day.year, day.month) == (label.start.year, label.start.month)]
        others = [series[day] for day in month if day not in lasts and day.weekday() in weekdays]
        inside = [series[day] for day in lasts]
        assert statistics.median(inside) > 2 * statistics.median(others), label


def test_serving_grows_by_about_four_percent_a_month(half_year_query) -> None:
    # Tokens of steady months, per day, since months differ in length.
    rows = half_year_query("""
        select month(line_item_usage_start_date) as month,
            sum(line_item_usage_amount) / count(distinct line_item_usage_start_date::date)
        from aws where line_item_usage_type like '%NovaPro-input-tokens' group by 1 order by 1
    """)
    first, last = rows[0][1], rows[-1][1]
    assert 1.1 < last / first < 1.9


def test_weekends_are_quieter_than_working_days(half_year_query) -> None:
    [(weekend, workday)] = half_year_query("""
        with days as (select line_item_usage_start_date::date as day, sum(line_item_unblended_cost) as cost from aws
            where line_item_product_code in ('AmazonBedrock', 'AWSLambda') group by 1)
        select median(cost) filter (isodow(day) > 5), median(cost) filter (isodow(day) < 6) from days
    """)
    assert weekend < 0.85 * workday


def test_about_an_eighth_of_what_could_carry_tags_does_not(half_year: SampleReport) -> None:
    for provider in ("aws", "gcp"):
        # January holds the yearly purchases, which nobody can tag.
        chosen = [t for k, t in half_year.totals.items() if k.provider == provider and k.period.month > 1]
        share = sum(t.untagged_cost for t in chosen) / sum(t.billed_cost for t in chosen)
        assert 0.07 < share < 0.3, (provider, share)


def test_teams_spell_the_cost_centre_in_several_ways(half_year_query) -> None:
    spelled = {key for (key,) in half_year_query("select distinct unnest(map_keys(resource_tags)) from aws")}
    assert {"user_cost_center", "user_CostCenter", "user_costcenter"} <= spelled
    spelled = {key for (key,) in half_year_query("select distinct unnest(json_keys(tags)) from azure")}
    assert {"cost-center", "CostCenter", "cost_center", "costcenter"} <= spelled
    spelled = {key for (key,) in half_year_query("select distinct unnest(labels).key from gcp")}
    assert {"cost-center", "cost_center", "costcenter"} <= spelled


def test_twelve_models_in_three_stages_are_at_work_on_aws_and_most_of_them_elsewhere(daily, half_year_query) -> None:
    models = {provider: {m for p, _, _, m in daily if p == provider and m != "(none)"} for provider in SERIES}
    assert models["aws"] == {model.name for model in MODELS}
    assert all(found <= models["aws"] and len(found) > 9 for found in models.values())
    stages = {value for (value,) in half_year_query("select distinct unnest(map_values(resource_tags)) from aws")}
    assert {"training", "inference", "data-preprocessing"} <= stages


def test_every_usual_line_type_of_aws_appears(half_year_query) -> None:
    found = {kind for (kind,) in half_year_query("select distinct line_item_line_item_type from aws")}
    assert found == {
        "Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "SavingsPlanRecurringFee",
        "SavingsPlanUpfrontFee", "RIFee", "Fee", "Tax", "Credit", "Refund", "EdpDiscount", "PrivateRateDiscount",
        "BundledDiscount",
    }  # fmt: skip


def test_a_snapshot_names_a_tagged_volume_of_its_account_that_the_same_bill_charges(half_year_query) -> None:
    # The shipped virtual_tags.yml knows the tag, so the demo shows what is inherited.
    rows = half_year_query("""
        select snapshots.month, count(distinct snapshots.id), count(distinct volumes.id) from (
            select bill_billing_period_start_date as month, line_item_resource_id as id,
                line_item_usage_account_id as account, resource_tags['user_source_volume'] as volume
            from aws where line_item_usage_type like '%EBS:SnapshotUsage' and volume is not null
        ) as snapshots
        left join (
            select distinct bill_billing_period_start_date as month, line_item_resource_id as id,
                line_item_usage_account_id as account
            from aws where line_item_usage_type like '%EBS:VolumeUsage%' and cardinality(resource_tags) > 0
        ) as volumes on (volumes.month, volumes.account, volumes.id)
            = (snapshots.month, snapshots.account, snapshots.volume)
        group by all having count(*) = count(volumes.id)
    """)
    assert [(snapshots, volumes > 1) for _, snapshots, volumes in rows] == [(5, True)] * 6


def test_a_discount_stands_in_the_net_cost_and_the_discount_map_alike(half_year_query) -> None:
    [(lines, differing)] = half_year_query("""
        select count(*), count(*) filter (
            line_item_net_unblended_cost::decimal(38, 10) <> line_item_unblended_cost::decimal(38, 10)
                + discount['edp_discount']::decimal(38, 10))
        from aws where discount_total_discount is not null and abs(line_item_unblended_cost) < 8192
    """)
    assert lines > 10_000
    assert differing == 0


def test_usage_of_late_january_can_stand_on_the_february_invoice_of_google(half_year_query) -> None:
    [(late, before)] = half_year_query("""
        select count(*), min(usage_start_time) >= timestamptz '2025-01-30 08:00:00+00' from gcp
        where invoice.month = '202502' and usage_start_time < timestamptz '2025-02-01 08:00:00+00'
    """)
    assert late > 0
    assert before


def test_days_of_google_are_californias_and_one_in_march_has_23_hours(half_year_query) -> None:
    rows = half_year_query("""
        select usage_end_time - usage_start_time as length, min(usage_start_time) from gcp
        where cost_type = 'regular' and service.description = 'BigQuery' group by 1 order by 1
    """)
    assert [length.total_seconds() / 3600 for length, _ in rows] == [23, 24]
    assert rows[0][1] == datetime(2025, 3, 9, 8, tzinfo=UTC)


def test_a_month_of_31_days_has_exactly_the_lines_asked_for(half_year: SampleReport) -> None:
    counts = {str(k.period): t.row_count for k, t in half_year.totals.items() if k.provider == "aws"}
    assert counts["2025-01"] == counts["2025-03"] == counts["2025-05"] == 12_000
    assert counts["2025-02"] == 12_000 * 28 // 31


def test_a_large_export_is_hourly(tmp_path) -> None:
    report = generate(tmp_path, months=1, lines_per_month=150_000, providers=["aws"])
    [total] = report.totals.values()
    assert total.row_count == 150_000
    import pyarrow.parquet as pq

    [path] = [file for file in report.files if file.suffix == ".parquet" and "aws" in file.parts]
    table = pq.read_table(path, columns=["identity_time_interval"])
    assert "2025-01-01T00:00:00Z/2025-01-01T01:00:00Z" in set(table[0].to_pylist())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"months": 0}, "--months 0"), ({"lines_per_month": 10}, "--lines-per-month 10")],
)
def test_arguments_that_make_no_bill_are_refused_by_name(tmp_path, arguments, named: str) -> None:
    with pytest.raises(BadInput, match=named):
        generate(tmp_path, **arguments)
    assert not list(tmp_path.iterdir())


def test_a_folder_with_other_files_is_left_alone(tmp_path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(BadInput, match="not a sample"):
        generate(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_dealing_gives_each_its_share() -> None:
    assert Counter(dealt("abc", [6, 3, 1], 100)) == {"a": 60, "b": 30, "c": 10}


def test_forgetting_reaches_its_share_of_the_cost_however_uneven_costs_are() -> None:
    forget = Forgetfulness(0.12)
    costs = [1.0, 50.0, 3.0, 0.2] * 100
    assert sum(cost for cost in costs if forget(cost)) / sum(costs) == pytest.approx(0.12, abs=0.01)
