"""What an action on AWS refuses to begin, by name."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from action_steps import ACL, BY_NAME, REGION, Refused, World, apply, change, undo
from aws_cases import BY_HOUR, ENDPOINT, GPU_MACHINE, GROUP, MACHINE, OFF_HOURS, RULES, SERVERLESS, SPOT

pytestmark = pytest.mark.integration

STOPS = [
    (GPU_MACHINE | {"tags": {}}, "local disks lose their data"),
    (MACHINE | {"group_id": "workers"}, "member of the scaling group 'workers'"),
    (MACHINE | {"tags": {"karpenter.sh/nodepool": "gpu"}}, "member of the Karpenter node pool 'gpu'"),
    (MACHINE | {"is_spot": True}, "one-time"),
    (MACHINE | {"details": {"root_device": "instance-store"}}, "instance store"),
    (MACHINE | {"details": {"is_stop_protected": True}}, "stop protection"),
    (MACHINE | {"details": {"capacity_reservation": "cr-1"}}, "capacity reservation cr-1"),
]


def _changed(**values: Any) -> dict[str, Any]:
    """Return the parameters of a schedule whose first change is another one."""
    first, *others = BY_HOUR["changes"]
    return {"variant": "blue", "changes": [{**first, **values}, *others]}


STOPPED = MACHINE | {"state": "stopped"}
ON_DEMAND = {"details": {"variant": "blue", "max_concurrency": 20}}
GP2 = {"size_gb": 100, "details": {"volume_type": "gp2"}}
OTHERS: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
    ("resize_machine", "machine", MACHINE, {}, "parameter instance_type is missing"),
    ("resize_machine", "machine", MACHINE, {"instance_type": "m6i.large", "colour": "red"}, "no parameter colour"),
    ("resize_machine", "machine", MACHINE, {"instance_type": "m6i.huge"}, "m6i.huge is unknown in us-east-1"),
    ("resize_machine", "machine", MACHINE, {"instance_type": "m7g.large"}, "image is for x86_64, m7g.large is arm64"),
    ("resize_machine", "machine", STOPPED, {"instance_type": "m6i.large"}, "it is stopped"),
    (
        "resize_machine",
        "machine",
        MACHINE,
        {"instance_type": "m6i.large", "from_type": "m6i.xlarge"},
        "its type is m6i.2xlarge; it was m6i.xlarge when planned",
    ),
    ("resize_machine", "machine", GPU_MACHINE, {"instance_type": "m6i.large"}, "m6i.large has no GPU"),
    ("resize_machine", "machine", GPU_MACHINE, {"instance_type": "g4dn.xlarge"}, "has 16 GiB, its work needs 22.4 GiB"),
    (
        "resize_machine",
        "machine",
        MACHINE | {"is_spot": True, "details": {"spot_type": "persistent"}},
        {"instance_type": "m6i.large"},
        "spot machine, whose type AWS does not change",
    ),
    ("schedule_machine", "machine", MACHINE, OFF_HOURS | {"stop_at": "7pm"}, "7pm or 07:00 is no time"),
    ("schedule_machine", "machine", MACHINE, OFF_HOURS | {"time_zone": "Mars/Base"}, "no time zone 'Mars/Base'"),
    ("schedule_machine", "machine", MACHINE, OFF_HOURS | {"skip_days": ["soon"]}, "'soon' is no day of the week"),
    ("change_volume", "disk", GP2, {"volume_type": "gp3", "from_type": "io1"}, "its type is gp2; it was io1"),
    ("change_volume", "disk", GP2, {"volume_type": "st1"}, "st1 is none of"),
    ("archive_snapshot", "snapshot", {"state": "pending"}, {}, "it is pending"),
    ("archive_snapshot", "snapshot", {"details": {"image": "web"}}, {}, "starts machines from it"),
    ("archive_snapshot", "snapshot", {"details": {"shared_with": ["444455556666"]}}, {}, "other accounts, which would"),
    ("set_lifecycle", "bucket", {}, {}, "rules is missing"),
    ("set_lifecycle", "bucket", {"details": {"versioning": True}}, {"rules": RULES}, "it keeps versions"),
    ("set_lifecycle", "bucket", {}, {"rules": [{**RULES[0], "delete_after_days": 20}]}, "before it archives"),
    ("set_lifecycle", "bucket", {}, {"rules": [{"id": "nothing"}]}, "of no age of one day"),
    ("set_lifecycle", "bucket", {}, {"rules": [*RULES, *RULES]}, "the same one twice"),
    ("abort_uploads", "bucket", {}, {"after_days": 0}, "below 1"),
    ("scale_group", "group", GROUP, {"minimum": 5}, "minimum 5, desired 3, maximum 4"),
    ("use_spot", "group", GROUP, {**SPOT, "instance_types": []}, "instance_types is missing"),
    ("use_spot", "group", GROUP, {**SPOT, "instance_types": ["m6i.large", "m7g.large"]}, "different processors"),
    ("use_spot", "group", GROUP, {**SPOT, "instance_types": ["m6i.huge"]}, "m6i.huge is unknown"),
    ("use_spot", "group", GROUP, {**SPOT, "on_demand_percent": 101}, "not 0 to 100"),
    ("use_spot", "group", {"details": {"launch_configuration": "old"}}, SPOT, "launch configuration, which cannot mix"),
    ("scale_endpoint", "endpoint", ENDPOINT, {"variant": "red", "minimum": 1, "maximum": 2}, "no variant 'red'"),
    ("scale_endpoint", "endpoint", ENDPOINT, {"variant": "blue", "minimum": 2, "maximum": 1}, "bounds contradict"),
    (
        "scale_endpoint",
        "endpoint",
        SERVERLESS,
        {"variant": "blue", "minimum": 1, "maximum": 2},
        "is serverless",
    ),
    ("schedule_endpoint", "endpoint", ENDPOINT, {"variant": "blue"}, "its parameter changes is missing"),
    ("schedule_endpoint", "endpoint", ENDPOINT, BY_HOUR | {"variant": "red"}, "no variant 'red'"),
    ("schedule_endpoint", "endpoint", ENDPOINT, _changed(at="6 am"), "'6 am' is no time as 07:00"),
    ("schedule_endpoint", "endpoint", ENDPOINT, _changed(days=[]), "on no day"),
    ("schedule_endpoint", "endpoint", ENDPOINT, _changed(days=["soon"]), "'soon' is no day of the week"),
    ("schedule_endpoint", "endpoint", ENDPOINT, _changed(minimum=4), "minimum 4, maximum 3"),
    ("schedule_endpoint", "endpoint", ENDPOINT, _changed(minimum="two"), "minimum two, maximum 3"),
    (
        "schedule_endpoint",
        "endpoint",
        ENDPOINT,
        _changed(days=["Tuesday"], at="20:00"),
        "two changes come at the same time",
    ),
    ("set_concurrency", "endpoint", SERVERLESS, {"variant": "red", "concurrency": 3}, "no variant 'red'"),
    ("set_concurrency", "endpoint", ENDPOINT, {"variant": "blue", "concurrency": 3}, "is not serverless"),
    ("set_concurrency", "endpoint", ON_DEMAND, {"variant": "blue", "concurrency": 3}, "has no provisioned concurrency"),
    ("set_concurrency", "endpoint", SERVERLESS, {"variant": "blue", "concurrency": 0}, "0 is not 1 to 20"),
    ("set_concurrency", "endpoint", SERVERLESS, {"variant": "blue", "concurrency": 21}, "21 is not 1 to 20"),
    (
        "set_concurrency",
        "endpoint",
        SERVERLESS,
        {"variant": "blue", "concurrency": 3, "from_concurrency": 8},
        "its concurrency is 10; it was 8 when planned",
    ),
    ("tag", "machine", MACHINE, {"tags": {"aws:owner": "ana"}}, "begin with aws:"),
    ("tag", "machine", MACHINE, {"tags": {"protect": "false"}}, "protect: a person sets that tag"),
    ("tag", "machine", MACHINE, {"tags": {"owner": "a" * 257}}, "longer than AWS takes"),
]


@pytest.mark.parametrize(("row", "words"), STOPS, ids=[words for _, words in STOPS])
def test_no_machine_is_stopped_where_it_would_do_harm(world: World, row: dict[str, Any], words: str) -> None:
    machine = world.has("machine", **row)
    for action, parameters in (
        ("stop_machine", {}),
        ("resize_machine", {"instance_type": "m6i.large"}),
        ("schedule_machine", OFF_HOURS),
    ):
        with pytest.raises(Refused, match=words):
            apply(world, change(action, machine, **parameters))
    assert not world.effects()


@pytest.mark.parametrize(
    ("action", "kind", "row", "parameters", "words"), OTHERS, ids=[f"{each[0]}: {each[4]}" for each in OTHERS]
)
def test_is_refused(
    world: World, action: str, kind: str, row: dict[str, Any], parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        apply(world, change(action, world.has(kind, **row), **parameters))
    assert not world.effects()


def test_concurrency_that_scaling_would_set_back_is_not_set(world: World) -> None:
    endpoint = world.has("endpoint", **SERVERLESS)
    name = endpoint.rpartition("/")[2]
    world.account.client("application-autoscaling", REGION).register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{name}/variant/blue",
        ScalableDimension="sagemaker:variant:DesiredProvisionedConcurrency",
        MinCapacity=4,
        MaxCapacity=12,
    )
    with pytest.raises(Refused, match="its scaling keeps it between 4 and 12"):
        apply(world, change("set_concurrency", endpoint, variant="blue", concurrency=3))


def test_a_volume_is_not_deleted_by_an_old_snapshot_that_lacks_what_was_written_since(world: World) -> None:
    volume = world.has("disk", size_gb=8)
    wanted = change("delete_volume", volume)
    BY_NAME["delete_volume"].perform(world.account, "snapshot", world.live(wanted), wanted, "earlier")
    with pytest.raises(Refused, match=r"snap-.* of an earlier attempt"):
        apply(world, wanted)


def test_a_snapshot_that_shares_its_data_with_others_is_not_archived_as_that_would_cost_more(world: World) -> None:
    one, _ = (world.has("snapshot", attached_to="vol-0000000000000beef") for _ in range(2))
    with pytest.raises(Refused, match="1 other snapshots of vol-0000000000000beef share its data"):
        apply(world, change("archive_snapshot", one))


def test_a_snapshot_on_its_way_into_the_archive_cannot_be_brought_back_yet(world: World) -> None:
    name = world.has("snapshot")
    there, back = change("archive_snapshot", name), change("restore_snapshot", name)
    BY_NAME["archive_snapshot"].perform(world.account, "archive", world.live(there), there, "token")
    with pytest.raises(Refused, match="still being archived"):
        apply(world, back)


def test_a_volume_that_has_been_attached_since_the_plan_is_not_deleted(world: World) -> None:
    machine = world.has("machine", **MACHINE)
    volume = world.has("disk", size_gb=8, attached_to=machine)
    with pytest.raises(Refused, match=f"attached to {machine}"):
        apply(world, change("delete_volume", volume))


def test_an_address_that_is_used_since_the_plan_is_not_released(world: World) -> None:
    machine = world.has("machine", **MACHINE)
    with pytest.raises(Refused, match="uses it"):
        apply(world, change("release_address", world.has("address", attached_to=machine)))


def test_a_volume_rests_six_hours_between_two_changes(world: World) -> None:
    done = apply(world, change("change_volume", world.has("disk", **GP2), volume_type="gp3"))
    with pytest.raises(Refused, match="changed in the last six hours"):
        undo(world, done)


@pytest.mark.parametrize(("limit", "units", "words"), [(5, 3, "not 10 to"), (100, 4999, "4999 of 5000 capacity units")])
def test_a_web_acl_takes_no_limit_that_waf_does_not(world: World, limit: int, units: int, words: str) -> None:
    arn = world.has("web_acl", resource_id=f"{ACL}/{uuid4().hex[:12]}/{uuid4()}", details={"units": units})
    with pytest.raises(Refused, match=words):
        apply(world, change("limit_requests", arn, web_acl=arn, limit_per_5_minutes=limit))


def test_a_web_acl_is_named_by_its_arn(world: World) -> None:
    with pytest.raises(Refused, match="'main' is no ARN of a web ACL"):
        apply(world, change("limit_requests", "main", web_acl="main", limit_per_5_minutes=100))
