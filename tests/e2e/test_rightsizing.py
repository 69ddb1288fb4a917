"""Actions by Airflow's own scheduler: planned, asked for, approved or rejected by its API, done on a cloud that is real
enough to refuse what AWS refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx
import pytest

from finops.core.settings import Settings
from finops.rightsizing.engine import service
from finops_airflow.local import aws_standin
from finops_airflow.local.headless import LocalAirflow, running
from finops_airflow.local.rest import AirflowRest
from tests.published_resources import publish_resources

from .observed import quiet

PATIENCE = 300
ACCOUNT, RUN_DATE = "111111111111", "2025-02-01"
DAG = "rightsize_resources"
POLICY = """
dry_run: false
accounts: [{id: "1111", provider: aws, connection: cloud}]
approvers: [admin]
caps: {count: 10, percent: 100, monthly_cost: 100000}
second_approver_above: 100000
rules: {consecutive_findings: 1}
"""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3 * PATIENCE)]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[aws_standin.StandIn]:
    """A cloud with the machines of the published January."""
    with aws_standin.running(tmp_path_factory.mktemp("cloud")) as stand_in:
        place = {"provider": "aws", "account_id": ACCOUNT, "region": "us-east-1", "zone": "us-east-1a"}
        machine = {"resource_type": "machine", "state": "running", "tags": "{}", "details": "{}"}
        stand_in.seed(
            [
                {**place, **machine, "resource_id": "i-large", "instance_type": "m5.4xlarge"},
                {**place, **machine, "resource_id": "i-idle", "instance_type": "p3.2xlarge"},
            ]
        )
        yield stand_in


@pytest.fixture(scope="module")
def airflow(
    tmp_path_factory: pytest.TempPathFactory, cloud: aws_standin.StandIn
) -> Iterator[tuple[Settings, LocalAirflow]]:
    """Airflow over the published January, with a second user who is no approver."""
    home = tmp_path_factory.mktemp("rightsizing")
    settings = Settings(home=home, config_dir=home / "config")
    (home / "config").mkdir()
    (home / "config" / "rightsizing.yml").write_text(POLICY)
    publish_resources(settings)
    login = {"conn_type": "aws", "login": aws_standin.access_key(ACCOUNT), "password": aws_standin.SECRET_KEY}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW_CONN_CLOUD", json.dumps(login))
        environment.setenv("AWS_ENDPOINT_URL", cloud.url)
        with running(settings, options={"CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,eve:admin"}) as found:
            yield settings, found


def waiting(airflow: LocalAirflow, run_id: str) -> dict[str, dict[str, Any]]:
    """Return the questions that have waited for some seconds, by the resource: sooner, an answer is not taken well."""
    found = airflow.rest.waiting(DAG, run_id)
    old = [
        each for each in found if datetime.now(UTC) - datetime.fromisoformat(each["created_at"]) > timedelta(seconds=5)
    ]
    return {resource: each for each in old for resource in ("i-large", "i-idle") if resource in each["subject"]}


def types(cloud: aws_standin.StandIn) -> dict[str, tuple[str, str]]:
    keys = {"aws_access_key_id": aws_standin.access_key(ACCOUNT), "aws_secret_access_key": aws_standin.SECRET_KEY}
    client = boto3.client("ec2", region_name="us-east-1", endpoint_url=cloud.url, **keys)
    found = client.describe_instances()["Reservations"]
    return {
        each["InstanceId"]: (each["InstanceType"], each["State"]["Name"])
        for group in found
        for each in group["Instances"]
    }


def test_what_is_approved_in_airflow_is_done_and_what_is_rejected_is_not(airflow, cloud):
    settings, scheduler = airflow
    scheduler.rest.unpause(DAG)
    scheduler.wait("the scheduled run to end", lambda: quiet(scheduler, DAG), seconds=PATIENCE)
    run_id = scheduler.rest.trigger(DAG, run_date=RUN_DATE)
    scheduler.wait(
        "both machines to be asked for", lambda: len(waiting(scheduler, run_id)) == 2, seconds=PATIENCE, every=2
    )
    asked = {
        resource: (each["task_instance"]["task_id"], each["task_instance"]["map_index"])
        for resource, each in waiting(scheduler, run_id).items()
    }
    states = {task["state"] for task in scheduler.rest.tasks(DAG, run_id)}
    assert "running" not in states, "who waits for a person holds no slot"

    passwords = json.loads((settings.root / "airflow" / "passwords.json").read_text())
    eve = AirflowRest(scheduler.url, "eve", passwords["eve"])
    with pytest.raises(httpx.HTTPStatusError, match="403"):
        eve.answer(DAG, run_id, *asked["i-large"], "Approve")
    eve.close()
    assert types(cloud)["i-large"] == ("m5.4xlarge", "running")

    scheduler.rest.answer(DAG, run_id, *asked["i-large"], "Approve")
    scheduler.rest.answer(DAG, run_id, *asked["i-idle"], "Reject")
    for task_id, index in others(scheduler, run_id):
        scheduler.rest.answer(DAG, run_id, task_id, index, "Reject")
    scheduler.wait("the actions to end", lambda: quiet(scheduler, DAG), seconds=PATIENCE)

    assert types(cloud) == {"i-large": ("m5.xlarge", "running"), "i-idle": ("p3.2xlarge", "running")}
    by_resource = {each.resource_id: each for each in service.every(settings)}
    assert (by_resource["i-large"].status, by_resource["i-idle"].status) == ("applied", "rejected")
    kinds = [each.kind for each in service.journal(settings, by_resource["i-large"].action_id)]
    assert kinds[:2] == ["planned", "approved"]
    assert service.verify_journal(settings).fault == ""


def others(airflow: LocalAirflow, run_id: str) -> list[tuple[str, int]]:
    found = airflow.rest.waiting(DAG, run_id)
    return [(each["task_instance"]["task_id"], each["task_instance"]["map_index"]) for each in found]
