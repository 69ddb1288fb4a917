"""Permissions that are missing, a region that is down, days, and logins of an inventory of AWS."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from aws_inventory_steps import (
    EAST,
    NOW,
    WEST,
    land,
    leave_upload,
    make_balancers,
    make_bucket,
    make_machine,
    make_sagemaker,
    only,
    rows_of,
    source_of,
)
from servers.aws_account import AwsAccountServer
from servers.s3 import ACCESS_KEY, SECRET_KEY
from telemetry_steps import TODAY, YESTERDAY, answer_of, configure

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.telemetry import asking
from finops.telemetry.monitors.inventories.aws import PERMISSIONS, permission_of
from finops.telemetry.readers import reach
from finops.telemetry.service import ingest
from finops_airflow.steps import telemetry as telemetry_steps

pytestmark = pytest.mark.integration


def test_a_missing_permission_is_told_and_all_else_lands(settings: Settings, account: AwsAccountServer) -> None:
    """Whether a snapshot's disk is there nobody knows then: that is not told as if it were gone."""
    machine = make_machine(account)
    volume = account.admin("ec2").create_volume(AvailabilityZone=f"{EAST}a", Size=8)["VolumeId"]
    account.admin("ec2").create_snapshot(VolumeId=volume)
    make_bucket(account, "closed")
    account.denied = {"ec2.DescribeVolumes", "s3.GetBucketLifecycleConfiguration"}
    source = configure(settings, source_of())
    report = ingest(settings, source, client=account.client)
    assert report.rejections == ()
    day = TODAY.date()
    assert report.notes == (
        f"aws: {day} has no disk in us-east-1: the login lacks ec2:DescribeVolumes, which "
        "deploy/permissions/aws/read.json gives",
        f"aws: {day} has no lifecycle rules of some buckets: the login, or their own policy, "
        "lacks s3:GetLifecycleConfiguration; the first is closed",
    )
    assert [each["resource_id"] for each in rows_of(settings, source, "machine")] == [machine]
    assert rows_of(settings, source, "disk") == []
    assert [each["details"] for each in rows_of(settings, source, "snapshot")] == [
        {"source_gb": 8, "storage_tier": "standard"}
    ]
    [bucket] = rows_of(settings, source, "bucket")
    assert bucket["details"]["lifecycle_rules"] == "unknown"


def test_a_bucket_that_is_closed_to_the_login_holds_back_no_other(
    settings: Settings, account: AwsAccountServer
) -> None:
    for name in ("closed", "open"):
        make_bucket(account, name)
    account.closed = {"closed"}
    source = configure(settings, source_of(types=only("bucket")))
    report = ingest(settings, source, client=account.client)
    assert report.notes == (
        f"aws: {TODAY.date()} has no rows of some buckets: the login, or their own policy, lacks "
        "s3:GetBucketLocation; the first is closed",
    )
    assert [each["resource_id"] for each in rows_of(settings, source, "bucket")] == ["open"]


def test_the_doctor_names_every_missing_permission(settings: Settings, account: AwsAccountServer) -> None:
    account.denied = {"ec2.DescribeSnapshots", "ec2.DescribeInstanceTypes", "elbv2.DescribeTargetGroups"}
    source = configure(settings, source_of())
    with pytest.raises(BadInput) as caught:
        reach(source, account.client)
    for permission in (
        "ec2:DescribeSnapshots",
        "ec2:DescribeInstanceTypes",
        "elasticloadbalancing:DescribeTargetGroups",
    ):
        assert f"the login lacks {permission}, which deploy/permissions/aws/read.json gives" in str(caught.value)
    account.denied = set()
    reach(source, account.client)


def test_what_is_asked_are_the_permissions_that_are_named(settings: Settings, account: AwsAccountServer) -> None:
    make_sagemaker(account)
    make_balancers(account)
    make_bucket(account, "plain", WEST)
    leave_upload(account, "plain", "part", 1)
    configure(settings, source_of())
    land(settings, account)
    sent = {permission_of(*name.split(".")) for name, _ in account.asked}
    # Who it is everybody may ask.
    assert sent - {"sts:GetCallerIdentity"} == PERMISSIONS


def test_a_region_that_is_down_holds_back_no_other_and_is_asked_again(
    settings: Settings, account: AwsAccountServer
) -> None:
    east, west = make_machine(account), make_machine(account, WEST)
    account.down = {WEST}
    source = configure(settings, source_of(regions=[WEST, EAST], types=only("machine", "disk")))
    with pytest.raises(Unavailable, match="has no machine in us-west-2, disk in us-west-2: ec2 in us-west-2 does not"):
        land(settings, account)
    assert [each["resource_id"] for each in rows_of(settings, source, "machine")] == [east]
    account.down = set()
    land(settings, account)
    assert {each["resource_id"] for each in rows_of(settings, source, "machine")} == {east, west}


def test_an_answer_that_lacks_what_an_earlier_one_has_does_not_replace_it(
    settings: Settings, account: AwsAccountServer
) -> None:
    make_machine(account)
    account.admin("ec2").allocate_address(Domain="vpc")
    source = configure(settings, source_of(types=only("machine", "disk", "address")))
    land(settings, account)
    account.denied = {"ec2.DescribeAddresses"}
    report = ingest(settings, source, days=[TODAY.date()], client=account.client)
    assert "the answer has no address in us-east-1, which an earlier one of the day has" in report.rejections[0].reason
    assert len(rows_of(settings, source, "address")) == 1


def test_a_login_that_may_list_nothing_lands_nothing(settings: Settings, account: AwsAccountServer) -> None:
    account.denied = {"ec2.DescribeInstanceTypes", "ec2.DescribeVolumes"}
    source = configure(settings, source_of(types=only("machine", "disk")))
    with pytest.raises(BadInput, match="aws: the login lacks ec2:DescribeInstanceTypes"):
        land(settings, account)
    assert not answer_of(settings, source, TODAY.date()).exists()


def test_a_busy_service_is_asked_again(settings: Settings, account: AwsAccountServer) -> None:
    machine = make_machine(account)
    account.throttled = {"ec2.DescribeInstances": 2}
    source = configure(settings, source_of(types=only("machine")))
    land(settings, account)
    assert [each["resource_id"] for each in rows_of(settings, source, "machine")] == [machine]
    assert [name for name, _ in account.asked].count("ec2.DescribeInstances") == 3


def test_today_is_asked_for_once_and_a_past_day_never(
    settings: Settings, account: AwsAccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_machine(account)
    source = configure(settings, source_of(types=only("machine")))
    land(settings, account)
    make_machine(account)
    account.asked.clear()
    assert land(settings, account) == []
    assert account.asked == []

    later = NOW + timedelta(minutes=5)
    monkeypatch.setattr(asking, "now", lambda: later)
    account.admin("ec2").terminate_instances(InstanceIds=[first])
    report = ingest(settings, source, days=[TODAY.date()], client=account.client)
    assert [each.row_count for each in report.landed] == [1], "one is gone, one is new"
    assert rows_of(settings, source, "machine")[0]["observed_at"] == later.replace(tzinfo=None)

    yesterday = YESTERDAY.date()
    account.asked.clear()
    report = ingest(settings, source, days=[yesterday], client=account.client)
    assert (report.landed, report.rejections, account.asked) == ((), (), [])
    assert report.notes == (
        f"aws: {yesterday} is over, and aws_inventory tells what is now; the day keeps what has landed",
    )


def test_a_connection_of_airflow_says_with_which_keys_and_where(
    settings: Settings, account: AwsAccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_machine(account)
    configure(settings, source_of(connection="aws_reader", types=only("machine")))
    extra = json.dumps({"endpoint_url": account.url})
    connection = {"conn_type": "aws", "login": ACCESS_KEY, "password": SECRET_KEY, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_READER", json.dumps(connection))
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(settings.configuration_dir))
    assert telemetry_steps.land_telemetry("aws") == [str(TODAY.date())]


def test_without_credentials_nothing_is_asked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings.root / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(settings.root / "none"))
    configure(settings, source_of())
    with pytest.raises(BadInput, match="aws: no usable AWS credentials; configure the connection"):
        pipeline.land(settings, "aws")
