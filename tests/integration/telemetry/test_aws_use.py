"""How much the resources of an account of AWS are used, as CloudWatch and S3 tell it beside the lists."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from aws_inventory_steps import (
    EAST,
    count,
    land,
    leave_upload,
    made_long_ago,
    make_balancers,
    make_bucket,
    make_sagemaker,
    only,
    resources_of,
    rows_of,
    source_of,
)
from servers.aws_account import AwsAccountServer
from telemetry_steps import TODAY, configure

from finops.core.errors import Unavailable
from finops.core.settings import Settings
from finops.policy.rightsizing_rules import Rules
from finops.rightsizing.resource import Known
from finops.rightsizing.rules import endpoints, network, storage
from finops.telemetry.monitors.inventories import aws_buckets, use
from finops.telemetry.readers import reach
from finops.telemetry.service import ingest

pytestmark = pytest.mark.integration
DAY = TODAY.date()


def days_ago(*days: int) -> list[datetime]:
    return [TODAY - timedelta(days=each) + timedelta(hours=9) for each in days]


def details_of(settings: Settings, account: AwsAccountServer, kind: str) -> dict[str, dict[str, Any]]:
    source = configure(settings, source_of(types=only(kind)))
    land(settings, account)
    return {each["resource_id"]: each["details"] for each in rows_of(settings, source, kind)}


def test_load_balancers_say_how_many_requests_they_have_a_day(settings: Settings, account: AwsAccountServer) -> None:
    """What is redirected counts as a request: a load balancer that does nothing else has no targets, and is in use."""
    arns = make_balancers(account)
    made_long_ago(100, *arns.values())
    busy, idle = (arns[name].partition(":loadbalancer/")[2] for name in ("busy", "idle"))
    values = dict.fromkeys(days_ago(1, 2, 20), 7000.0)
    count(account, "AWS/ApplicationELB", "RequestCount", values, LoadBalancer=busy)
    count(account, "AWS/ApplicationELB", "HTTP_Redirect_Count", {days_ago(3)[0]: 1.0}, LoadBalancer=idle)
    found = details_of(settings, account, "load_balancer")
    assert found[arns["busy"]]["requests_per_day"] == 1000
    assert found[arns["idle"]]["requests_per_day"] == 1


def test_a_load_balancer_without_requests_has_none_and_of_a_new_one_nobody_knows(
    settings: Settings, account: AwsAccountServer
) -> None:
    arns = make_balancers(account)
    made_long_ago(100, arns["idle"])
    found = details_of(settings, account, "load_balancer")
    assert found[arns["idle"]] == {"kind": "application", "targets": 0, "healthy_targets": 0, "requests_per_day": 0}
    assert "requests_per_day" not in found[arns["busy"]]


def test_an_endpoint_says_when_it_was_called_last(settings: Settings, account: AwsAccountServer) -> None:
    arn = make_sagemaker(account)
    made_long_ago(100, arn)
    values = dict(zip(days_ago(2, 30), (0.0, 12.0), strict=True))
    count(account, "AWS/SageMaker", "Invocations", values, EndpointName="chat", VariantName="main")
    source = configure(settings, source_of(types=only("endpoint")))
    land(settings, account)
    [endpoint] = rows_of(settings, source, "endpoint")
    assert endpoint["last_used_at"].date() == DAY - timedelta(days=30)


@pytest.mark.parametrize(("age", "since"), [(300, use.USE_DAYS), (40, 40)])
def test_of_an_endpoint_that_nobody_has_called_the_last_use_is_as_long_ago_as_can_be_known(
    settings: Settings, account: AwsAccountServer, age: int, since: int
) -> None:
    made_long_ago(age, make_sagemaker(account))
    source = configure(settings, source_of(types=only("endpoint")))
    land(settings, account)
    [endpoint] = rows_of(settings, source, "endpoint")
    assert endpoint["last_used_at"].date() == DAY - timedelta(days=since)


def test_a_notebook_that_is_off_was_used_until_then_and_of_one_that_is_on_nobody_knows(
    settings: Settings, account: AwsAccountServer
) -> None:
    make_sagemaker(account)
    sagemaker = account.admin("sagemaker")
    role = "arn:aws:iam::123456789012:role/x"
    sagemaker.create_notebook_instance(NotebookInstanceName="off", InstanceType="ml.t3.medium", RoleArn=role)
    sagemaker.stop_notebook_instance(NotebookInstanceName="off")
    source = configure(settings, source_of(types=only("notebook")))
    land(settings, account)
    found = {each["resource_id"].rpartition("/")[2]: each for each in rows_of(settings, source, "notebook")}
    assert (found["lab"]["state"], found["lab"]["last_used_at"]) == ("running", None)
    assert found["off"]["state"] == "stopped"
    assert found["off"]["last_used_at"] is not None


def test_a_bucket_says_what_uploads_left_behind(settings: Settings, account: AwsAccountServer) -> None:
    """An upload that began a day ago may still end."""
    make_bucket(account, "data")
    for key, sizes in (("old", (300, 200)), ("older", (50,)), ("fresh", (4000,))):
        leave_upload(account, "data", key, *sizes)
    account.began = {"fresh": TODAY - timedelta(days=1)}
    found = details_of(settings, account, "bucket")["data"]
    assert (found["incomplete_upload_bytes"], found["incomplete_uploads"]) == (550, 2)


def test_sizes_of_all_storage_classes_are_added_up(settings: Settings, account: AwsAccountServer) -> None:
    make_bucket(account, "data")
    for kind, gigabytes in (("StandardIAStorage", 3), ("GlacierStorage", 5)):
        values = {days_ago(1)[0]: gigabytes * 2.0**30, days_ago(2)[0]: 2.0**50}
        count(account, "AWS/S3", "BucketSizeBytes", values, BucketName="data", StorageType=kind)
    source = configure(settings, source_of(types=only("bucket")))
    land(settings, account)
    [bucket] = rows_of(settings, source, "bucket")
    assert float(bucket["size_gb"]) == 8


def test_of_very_many_uploads_some_are_counted_and_that_is_said(
    settings: Settings, account: AwsAccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_buckets, "MOST_UPLOADS", 2)
    make_bucket(account, "data")
    for key in "abc":
        leave_upload(account, "data", key, 100)
    source = configure(settings, source_of(types=only("bucket")))
    report = ingest(settings, source, client=account.client)
    assert report.notes == (
        f"aws: {DAY} has no further unfinished uploads of some buckets: no more than 2 of a bucket are counted; the "
        "first with so many is data",
    )
    [bucket] = rows_of(settings, source, "bucket")
    assert bucket["details"]["incomplete_upload_bytes"] == 200
    assert [name for name, _ in account.asked].count("s3.ListParts") == 2
    reach(source, account.client)


def test_without_the_right_to_ask_for_use_all_else_lands_and_the_permissions_are_named(
    settings: Settings, account: AwsAccountServer
) -> None:
    make_balancers(account)
    made_long_ago(50, make_sagemaker(account))
    make_bucket(account, "data")
    leave_upload(account, "data", "old", 300)
    account.denied = {"cloudwatch.GetMetricData", "cloudwatch.ListMetrics", "s3.ListParts"}
    source = configure(settings, source_of(types=only("load_balancer", "endpoint", "bucket")))
    report = ingest(settings, source, client=account.client)
    gives = "which deploy/permissions/aws/read.json gives"
    assert report.notes == (
        f"aws: {DAY} has no requests of load balancers in {EAST}, last use of endpoints in {EAST}: the login lacks "
        f"cloudwatch:GetMetricData, {gives}",
        f"aws: {DAY} has no size of buckets in {EAST}: the login lacks cloudwatch:ListMetrics, {gives}",
        f"aws: {DAY} has no unfinished uploads of some buckets: the login, or their own policy, lacks "
        "s3:ListMultipartUploadParts; the first is data",
    )
    assert len(rows_of(settings, source, "load_balancer")) == 2
    [endpoint] = rows_of(settings, source, "endpoint")
    assert endpoint["last_used_at"] is None
    [bucket] = rows_of(settings, source, "bucket")
    assert (bucket["size_gb"], bucket["details"]) == (None, {"lifecycle_rules": [], "has_abort_rule": False})


def test_a_cloudwatch_that_stays_busy_is_asked_again_by_the_next_run(
    settings: Settings, account: AwsAccountServer
) -> None:
    arns = make_balancers(account)
    made_long_ago(50, *arns.values())
    account.throttled = {"cloudwatch.GetMetricData": 3}
    source = configure(settings, source_of(types=only("load_balancer")))
    with pytest.raises(
        Unavailable, match=f"has no requests of load balancers in {EAST}: CloudWatch in {EAST} answered"
    ):
        land(settings, account)
    assert len(rows_of(settings, source, "load_balancer")) == 2
    land(settings, account)
    assert {each["details"]["requests_per_day"] for each in rows_of(settings, source, "load_balancer")} == {0}


def test_what_nobody_uses_is_what_rules_find(settings: Settings, account: AwsAccountServer) -> None:
    arns = make_balancers(account)
    endpoint = make_sagemaker(account)
    made_long_ago(100, endpoint, *arns.values())
    make_bucket(account, "data")
    leave_upload(account, "data", "old", 5 * 2**20)
    values = {days_ago(1)[0]: 10.0 * 2**20}
    count(account, "AWS/S3", "BucketSizeBytes", values, BucketName="data", StorageType="StandardIAStorage")
    source = configure(settings, source_of(types=only("load_balancer", "endpoint", "bucket")))
    land(settings, account)
    known = Known(Rules(), DAY)
    found = {
        (rule.__name__, name): round(float(finding.monthly_saving / finding.monthly_cost), 2)
        for name, each in resources_of(settings, source).items()
        for rule in (network.idle_load_balancer, endpoints.idle_endpoint, storage.incomplete_uploads)
        if (finding := rule(each, known))
    }
    assert found == {
        ("idle_load_balancer", arns["idle"]): 1,
        ("idle_endpoint", endpoint): 1,
        ("incomplete_uploads", "data"): 0.5,
    }
