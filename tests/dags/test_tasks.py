"""What the tasks add to their steps: which partitions they name, what they skip and what they refuse."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from finops.core.errors import BadInput, Finding, Superseded
from finops.core.periods import BillingPeriod
from finops.pipelines import marts
from finops.pipelines.landing import LandReport
from finops.pipelines.statements import PlannedStatement
from finops_airflow import notes
from finops_airflow.assets import CLOSED, LANDED, OUTDATED, PUBLISHED, RESYNC
from finops_airflow.steps import bills, notifications, statements
from finops_airflow.steps import marts as marts_steps


class Outlets(dict):
    """Stands in for Airflow's ``outlet_events``: notes the partitions that are added to an asset."""

    def __missing__(self, asset):
        self[asset] = []
        return SimpleNamespace(add_partitions=self[asset].extend)


@pytest.fixture
def call(bag):
    """Call what a task of a DAG runs."""

    def call(dag_id, task_id, *arguments, **context):
        return bag.dags[dag_id].get_task(task_id).python_callable(*arguments, **context)

    return call


class Instance:
    """Stands in for a task instance: keeps what is pushed."""

    def __init__(self):
        self.pushed = {}

    def xcom_push(self, key, value):
        self.pushed[key] = value


def skipped():
    from airflow.sdk.exceptions import AirflowSkipException

    return pytest.raises(AirflowSkipException)


def run(partition_key=None):
    return SimpleNamespace(partition_key=partition_key)


def attempt(number):
    return SimpleNamespace(try_number=number)


def report(*periods):
    return LandReport(source="payer", landed=list(periods), blocked=[])


@pytest.mark.parametrize("provider", LANDED)
def test_each_landed_period_is_named_on_the_providers_own_asset(call, provider):
    outlets = Outlets()
    call(f"ingest_billing_{provider}", "announce", [report("2025-01"), report("2025-02")], outlet_events=outlets)
    assert outlets == {LANDED[provider]: ["2025-01", "2025-02"]}


def test_a_day_on_which_nothing_landed_announces_nothing(call):
    outlets = Outlets()
    with skipped():
        call("ingest_billing_aws", "announce", [report()], outlet_events=outlets)
    assert outlets == {}, "an event without a partition is dropped with a warning"


def test_resync_names_what_is_overdue_and_skips_otherwise(call, monkeypatch):
    outlets = Outlets()
    monkeypatch.setattr(marts_steps, "overdue_periods", lambda: ["2025-01"])
    call("resync_marts", "ask_for_overdue_builds", outlet_events=outlets)
    assert outlets == {RESYNC: ["2025-01"]}
    monkeypatch.setattr(marts_steps, "overdue_periods", list)
    with skipped():
        call("resync_marts", "ask_for_overdue_builds", outlet_events=Outlets())


def test_a_build_with_nothing_to_do_skips_gate_and_publication(call, monkeypatch):
    monkeypatch.setattr(marts_steps, "build_marts", lambda _period, **_options: None)
    with skipped():
        call("build_marts", "build", dag_run=run("2025-01"), ti=attempt(1))


def test_clearing_a_build_tries_again_what_was_held_back(call, monkeypatch):
    monkeypatch.setattr(marts_steps, "build_marts", lambda period, *, retry: {"period": period, "retry": retry})
    for number, is_cleared in ((1, False), (2, True)):
        report = call("build_marts", "build", dag_run=run("2025-01"), ti=attempt(number))
        assert report == {"period": "2025-01", "retry": is_cleared}


def test_publication_names_every_month_of_the_build_also_of_one_by_hand(call, monkeypatch):
    monkeypatch.setattr(
        marts_steps, "publish_marts", lambda build_id: ["2025-01", "2025-02"] if build_id == "b1" else []
    )
    monkeypatch.setattr(marts_steps, "note_of_publication", lambda build_id, _months: f"published {build_id}")
    outlets, instance = Outlets(), Instance()
    call("build_marts", "publish", built={"build_id": "b1"}, dag_run=run(), outlet_events=outlets, ti=instance)
    assert outlets == {PUBLISHED: ["2025-01", "2025-02"]}
    assert instance.pushed == {notes.KEY: "published b1"}


@pytest.mark.parametrize("dag_id", ["build_marts", "backfill_billing"])
def test_a_build_that_a_newer_one_has_replaced_is_skipped_and_no_failure(call, monkeypatch, dag_id):
    """The run of the newer build publishes it: nobody has to be called."""

    def replaced(build_id):
        raise Superseded(f"build {build_id} was replaced")

    monkeypatch.setattr(marts_steps, "pass_gate", replaced)
    monkeypatch.setattr(marts_steps, "publish_marts", replaced)
    monkeypatch.setattr(marts_steps, "note_of_build", lambda _build_id: "checked")
    with skipped():
        call(dag_id, "gate", {"build_id": "b1"}, ti=Instance())
    with skipped():
        call(dag_id, "publish", {"build_id": "b1"}, dag_run=run("2025-01"), outlet_events=Outlets(), ti=Instance())


def test_what_is_held_back_fails_the_run_after_the_others_are_published(call, bag, monkeypatch):
    def held_back(_settings, periods):
        return [] if periods == [BillingPeriod(2025, 2)] else ["aws 2025-01"]

    monkeypatch.setattr(marts, "held_back", held_back)
    monkeypatch.setattr(marts, "describe", lambda held: f"{held} cannot be built: bill.csv, row 7")
    call("build_marts", "held_back", dag_run=run("2025-02"))
    for partition in ("2025-01", None):
        with pytest.raises(Finding, match=r"aws 2025-01 cannot be built: bill\.csv, row 7"):
            call("build_marts", "held_back", dag_run=run(partition))
    task = bag.dags["build_marts"].get_task("held_back")
    assert (task.upstream_task_ids, task.trigger_rule) == ({"publish"}, "all_done")
    assert task.downstream_task_ids == set(), "the state of a run is that of its leaves"


@pytest.mark.parametrize("dag_id", ["build_marts", "publish_chargeback"])
def test_what_is_published_is_served_where_a_database_is_configured(call, bag, monkeypatch, dag_id):
    monkeypatch.setattr(marts_steps, "serve_published", lambda: 3)
    assert call(dag_id, "serve") == 3
    monkeypatch.setattr(marts_steps, "serve_published", lambda: None)
    with skipped():
        call(dag_id, "serve")
    upstream = {"build_marts": {"publish"}, "publish_chargeback": {"publish"}}
    assert bag.dags[dag_id].get_task("serve").upstream_task_ids == upstream[dag_id]


def test_without_a_database_to_serve_from_nothing_is_even_read(home):
    assert marts_steps.serve_published() is None


def test_a_failed_target_fails_the_task_after_the_others_have_theirs(call, home, monkeypatch):
    from finops.delivery import service
    from finops.delivery.models import DeliveryReport, Outcome, Result

    def deliver(_settings, period, *, clients, **_options):
        assert clients is not None
        outcomes = [
            Outcome("cc-1001", "s3://a", Result.FAILED, "d", (), "s3://a: is busy", is_retryable=True),
            Outcome("cc-1002", "s3://b", Result.DELIVERED, "d", ()),
        ]
        return DeliveryReport(period, tuple(outcomes if str(period) == "2025-01" else outcomes[1:]), (), ())

    monkeypatch.setattr(service, "deliver", deliver)
    assert call("deliver_statements", "deliver_statements", params={"billing_period": "2025-02"}) == ["s3://b"]
    with pytest.raises(service.NotDelivered, match="1 of 2 deliveries of 2025-01 failed: s3://a: is busy") as caught:
        call("deliver_statements", "deliver_statements", params={"billing_period": "2025-01"})
    assert caught.value.is_retryable


def test_a_mirror_s_line_says_what_would_be_done_and_a_cloud_that_fails_fails_the_task(call, monkeypatch):
    from types import SimpleNamespace

    from finops.budgets.mirror.models import Mirrored, Step, What
    from finops.pipelines import budgets

    aws, gcp = SimpleNamespace(name="aws-main"), SimpleNamespace(name="gcp-main")
    done = [Mirrored(aws, (Step(What.CREATE, "atlas", "finops_aws-main_atlas"),))]

    def mirror(_settings, *, apply, login_for):
        assert login_for(SimpleNamespace(connection=None)) is None
        return [*done, Mirrored(gcp, fault="gcp-main: access denied; allow billing.budgets.list")] if apply else done

    monkeypatch.setattr(budgets, "mirror", mirror)
    assert call("mirror_budgets", "mirror_budgets", params={"apply": False}) == ["aws-main: create atlas"]
    with pytest.raises(Finding, match=r"allow billing\.budgets\.list"):
        call("mirror_budgets", "mirror_budgets", params={"apply": True})


def test_a_backfill_run_by_hand_without_a_month_says_what_it_needs(call):
    with pytest.raises(BadInput, match="needs a partition key"):
        call("backfill_billing", "land_source", "payer", dag_run=run(), ti=attempt(1))
    with skipped():
        call("backfill_billing", "build", dag_run=run(), ti=attempt(1))


def test_a_backfill_run_lands_the_month_of_its_partition(call, monkeypatch):
    monkeypatch.setattr(bills, "land_source", lambda name, period: report(name, period))
    landed = call("backfill_billing", "land_source", "payer", dag_run=run("2025-03"), ti=attempt(1))
    assert landed["landed"] == ["payer", "2025-03"]


@pytest.mark.parametrize("dag_id", ["ingest_billing_aws", "backfill_billing"])
def test_a_rejected_delivery_fails_its_landing_and_what_did_land_is_announced_all_the_same(
    call, bag, monkeypatch, dag_id
):
    kept = {}
    instance = SimpleNamespace(xcom_push=lambda *, key, value: kept.update({key: value}))
    context = {"ti": instance} | ({"dag_run": run("2025-01")} if dag_id == "backfill_billing" else {})
    found = {**report("2025-01"), "blocked": ["payer 2025-02 quarantined: part-2.parquet: cut at byte 7"]}
    monkeypatch.setattr(bills, "land_source", lambda *_: found)
    with pytest.raises(BadInput, match="payer 2025-02 quarantined: part-2"):
        call(dag_id, "land_source", "payer", **context)
    assert kept == {"return_value": found}
    # Cleared once the file is mended, it reads the source again and not what it found then.
    monkeypatch.setattr(bills, "land_source", lambda *_: report("2025-02"))
    assert call(dag_id, "land_source", "payer", **context) == report("2025-02")
    after = bag.dags[dag_id].get_task("land_source").downstream_task_ids
    assert {bag.dags[dag_id].get_task(each).trigger_rule for each in after - {"all_landed"}} == {"all_done"}


@pytest.mark.parametrize(("asked", "partition", "month"), [(None, "2025-01", "2025-01"), ("2024-12", None, "2024-12")])
def test_statements_are_made_for_the_published_month_or_for_the_one_asked_for(
    call, monkeypatch, asked, partition, month
):
    planned = [PlannedStatement(audience="cc-1001", drafts=["d"])]
    monkeypatch.setattr(statements, "plan_statements", lambda period, *, force: [period, force])
    monkeypatch.setattr(statements, "publish_statements", lambda period, plan: (period, plan))
    monkeypatch.setattr(statements, "note_of_statements", lambda published: f"statements of {published[0]}")
    instance = Instance()
    context = {"params": {"billing_period": asked}, "dag_run": run(partition)}
    # Who asks for a month gets it written again; an event too many writes nothing.
    assert call("publish_chargeback", "plan", **context) == [month, asked is not None]
    assert call("publish_chargeback", "publish", planned, ti=instance, **context) == (month, planned)
    assert instance.pushed == {notes.KEY: f"statements of {month}"}


def test_statements_by_hand_without_a_month_say_what_they_need(call):
    with pytest.raises(BadInput, match="billing_period as YYYY-MM"):
        call("publish_chargeback", "plan", params={"billing_period": None}, dag_run=run())


def test_delivery_is_skipped_where_nobody_has_a_target(call, monkeypatch):
    monkeypatch.setattr(statements, "deliver_published", lambda periods: list(periods))
    assert call("publish_chargeback", "deliver", ["2025-01"]) == ["2025-01"]
    monkeypatch.setattr(statements, "deliver_published", lambda _periods: None)
    with skipped():
        call("publish_chargeback", "deliver", ["2025-01"])


def test_a_close_that_is_to_be_delivered_is_named_and_skipped_otherwise(call, monkeypatch):
    outlets = Outlets()
    monkeypatch.setattr(statements, "undelivered_periods", lambda: ["2025-01"])
    call("resync_marts", "ask_for_final_statements", outlet_events=outlets)
    assert outlets == {CLOSED: ["2025-01"]}
    monkeypatch.setattr(statements, "undelivered_periods", list)
    with skipped():
        call("resync_marts", "ask_for_final_statements", outlet_events=Outlets())


def test_statements_that_are_behind_are_named_and_skipped_otherwise(call, monkeypatch):
    outlets = Outlets()
    monkeypatch.setattr(statements, "outdated_periods", lambda: ["2025-01", "2025-02"])
    call("resync_marts", "ask_for_outdated_statements", outlet_events=outlets)
    assert outlets == {OUTDATED: ["2025-01", "2025-02"]}
    monkeypatch.setattr(statements, "outdated_periods", list)
    with skipped():
        call("resync_marts", "ask_for_outdated_statements", outlet_events=Outlets())


@pytest.mark.parametrize("wrong", ["2025-13", "January", "2025-1", ""])
def test_the_ui_takes_no_month_that_does_not_exist(bag, wrong):
    from airflow.sdk.exceptions import ParamValidationError

    params = bag.dags["publish_chargeback"].params
    with pytest.raises(ParamValidationError):
        params.get_param("billing_period").resolve(wrong)


def test_a_run_that_has_nothing_to_tell_is_skipped_and_one_that_has_says_how_much(call, monkeypatch):
    done = {"sent": 0, "put_off": 0, "parked": 0}
    monkeypatch.setattr(notifications, "deliver_notifications", lambda: dict(done))
    with skipped():
        call("deliver_notifications", "deliver")
    done["sent"] = 2
    assert call("deliver_notifications", "deliver")["sent"] == 2
