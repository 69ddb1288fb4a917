"""CloudWatch as a source: a stand-in on loopback, asked by the DAG's own code, well behaved and not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from servers.cloudwatch import REGION, CloudWatchServer
from servers.s3 import ACCESS_KEY, SECRET_KEY
from telemetry_steps import DAY, YESTERDAY, configure, hour, landed

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.policy.telemetry import TelemetrySource
from finops.telemetry.monitors import cloudwatch
from finops.telemetry.service import ingest
from finops_airflow.steps import telemetry as telemetry_steps

pytestmark = pytest.mark.integration

NINE = YESTERDAY + timedelta(hours=9)
EC2, AGENT = "AWS/EC2", "CWAgent"


def source_of(**more: Any) -> dict[str, Any]:
    head = {
        "name": "ec2",
        "kind": "resource_metrics",
        "type": "cloudwatch",
        "regions": [REGION],
        "days_back": 1,
        "settle_minutes": 0,
    }
    return head | more


def every_five_minutes(value: Callable[[int], float], minutes: range = range(0, 120, 5)) -> dict[datetime, float]:
    return {NINE + timedelta(minutes=minute): value(minute) for minute in minutes}


def land(settings: Settings, clients: Any) -> list[str]:
    return pipeline.land(settings, "ec2", client_for=lambda _: clients)


def by_hour(settings: Settings, source: TelemetrySource, metric: str) -> dict[int, dict[str, Any]]:
    return {hour(each): each for each in landed(settings, source) if each["metric"] == metric}


def test_instances_land_with_what_ec2_and_the_agent_measure(
    settings: Settings, cloudwatch_server: CloudWatchServer
) -> None:
    one = {"InstanceId": "i-1"}
    cloudwatch_server.put(EC2, "CPUUtilization", one, every_five_minutes(lambda minute: minute % 60.0))
    cloudwatch_server.put(EC2, "NetworkIn", one, every_five_minutes(lambda _: 3000.0))
    cloudwatch_server.put(EC2, "NetworkOut", one, every_five_minutes(lambda _: 6000.0))
    cloudwatch_server.put(EC2, "EBSReadBytes", one, every_five_minutes(lambda _: 600.0))
    for gpu, (share, used) in enumerate(((20.0, 10.0), (60.0, 30.0))):
        dimensions = one | {"index": str(gpu), "name": "A100"}
        cloudwatch_server.put(AGENT, "nvidia_smi_utilization_gpu", dimensions, every_five_minutes(lambda _, s=share: s))
        cloudwatch_server.put(AGENT, "nvidia_smi_memory_used", dimensions, every_five_minutes(lambda _, u=used: u))
        cloudwatch_server.put(AGENT, "nvidia_smi_memory_total", dimensions, every_five_minutes(lambda _: 80.0))
    source = configure(settings, source_of())
    assert land(settings, cloudwatch_server.client) == [str(DAY)]

    assert {(each["provider"], each["resource_id"]) for each in landed(settings, source)} == {("aws", "i-1")}
    cpu = by_hour(settings, source, "cpu_utilization")
    assert sorted(cpu) == [9, 10]
    assert (cpu[9]["average"], cpu[9]["maximum"], cpu[9]["p95"], cpu[9]["minutes_covered"]) == (
        Decimal("27.5"),
        *(55, 55),
        60,
    )
    assert by_hour(settings, source, "network_bytes_per_second")[9]["average"] == 30
    assert by_hour(settings, source, "disk_bytes_per_second")[9]["average"] == 2
    gpu_row = by_hour(settings, source, "gpu_utilization")[9]
    assert (gpu_row["average"], gpu_row["maximum"]) == (40, 60)
    assert by_hour(settings, source, "gpu_memory_utilization")[9]["average"] == 25


def test_five_minutes_without_a_value_are_not_covered(settings: Settings, cloudwatch_server: CloudWatchServer) -> None:
    values = every_five_minutes(lambda _: 10.0)
    del values[NINE + timedelta(minutes=20)]
    cloudwatch_server.put(EC2, "CPUUtilization", {"InstanceId": "i-1"}, values)
    source = configure(settings, source_of())
    land(settings, cloudwatch_server.client)
    cpu = by_hour(settings, source, "cpu_utilization")
    assert [(each["minutes_covered"], each["average"]) for each in cpu.values()] == [(55, 10), (60, 10)]


def test_sums_over_groups_and_types_are_no_instances(settings: Settings, cloudwatch_server: CloudWatchServer) -> None:
    values = every_five_minutes(lambda _: 10.0)
    cloudwatch_server.put(EC2, "CPUUtilization", {"InstanceId": "i-1"}, values)
    cloudwatch_server.put(EC2, "CPUUtilization", {"AutoScalingGroupName": "workers"}, values)
    cloudwatch_server.put(EC2, "CPUUtilization", {"InstanceId": "i-1", "InstanceType": "p4d.24xlarge"}, {NINE: 90.0})
    source = configure(settings, source_of())
    land(settings, cloudwatch_server.client)
    assert {(each["resource_id"], each["maximum"]) for each in landed(settings, source)} == {("i-1", 10)}


SERVERLESS = "ServerlessProvisionedConcurrencyUtilization"
BY_ARN = {
    "from": "EndpointName",
    "pattern": "(.+)",
    "becomes": r"arn:aws:sagemaker:us-east-1:111122223333:endpoint/\1",
}


def test_the_use_of_provisioned_concurrency_is_a_fraction_there_and_percent_here(
    settings: Settings, cloudwatch_server: CloudWatchServer
) -> None:
    # As it was named; its ARN, and so the bill, has small letters.
    chat = {"EndpointName": "Chat", "VariantName": "main"}
    uses = every_five_minutes(lambda minute: 0.75 if minute == 30 else 0.25, range(0, 60, 5))
    cloudwatch_server.put("AWS/SageMaker", SERVERLESS, chat, uses)
    # Where more runs than is provisioned, all of it is in use.
    cloudwatch_server.put("AWS/SageMaker", SERVERLESS, chat, {NINE + timedelta(minutes=70): 1.4})
    cloudwatch_server.put("AWS/SageMaker", SERVERLESS, {"EndpointName": "Chat"}, {NINE: 0.9})
    cloudwatch_server.put(EC2, "CPUUtilization", {"InstanceId": "i-1"}, {NINE: 9.0})
    source = configure(settings, source_of(columns={"resource_id": BY_ARN}))
    land(settings, cloudwatch_server.client)
    rows = by_hour(settings, source, "concurrency_utilization")
    assert len(rows) == len(landed(settings, source))
    assert {each["resource_id"] for each in rows.values()} == {"arn:aws:sagemaker:us-east-1:111122223333:endpoint/chat"}
    figures = {at: (each["average"], each["maximum"], each["minutes_covered"]) for at, each in rows.items()}
    assert figures == {9: (Decimal("29.166667"), 75, 60), 10: (100, 100, 5)}


class Counting:
    """A client that counts, and passes on, what it is asked. ``page`` is how many results a page has."""

    def __init__(self, client: Any, page: int | None = None) -> None:
        self.client, self.page, self.requests, self.answers = client, page, [], {}

    def get_paginator(self, name: str) -> Any:
        return self.client.get_paginator(name)

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        token = request.pop("NextToken", None)
        results = self.answers.pop(token) if token else self.client.get_metric_data(**request)["MetricDataResults"]
        if self.page is None or len(results) <= self.page:
            return {"MetricDataResults": results}
        token = f"more-{len(results)}"
        self.answers = {token: results[self.page :]}
        return {"MetricDataResults": results[: self.page], "NextToken": token}


def test_no_call_asks_more_than_it_may_and_every_instance_lands(
    settings: Settings, cloudwatch_server: CloudWatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloudwatch, "MOST_QUERIES", 12)
    for number in range(10):
        values = every_five_minutes(lambda _, n=number: float(n), range(0, 5, 5))
        cloudwatch_server.put(EC2, "CPUUtilization", {"InstanceId": f"i-{number}"}, values)
    source = configure(settings, source_of())
    client = Counting(cloudwatch_server.client())
    ingest(settings, source, days=[DAY], client=lambda region, seconds: client)
    assert [len(each["MetricDataQueries"]) for each in client.requests] == [12, 12, 6]
    assert {each["resource_id"]: each["average"] for each in landed(settings, source)} == {
        f"i-{number}": number for number in range(10)
    }


def test_an_answer_of_many_pages_is_complete(settings: Settings, cloudwatch_server: CloudWatchServer) -> None:
    for number in range(3):
        cloudwatch_server.put(
            EC2, "CPUUtilization", {"InstanceId": f"i-{number}"}, every_five_minutes(lambda _: 7.0, range(0, 5, 5))
        )
    source = configure(settings, source_of())
    client = Counting(cloudwatch_server.client(), page=2)
    ingest(settings, source, days=[DAY], client=lambda region, seconds: client)
    assert len(client.requests) == 5
    assert [each["maximum"] for each in landed(settings, source)] == [7, 7, 7]


def test_days_of_long_ago_are_asked_for_by_the_hour(settings: Settings, cloudwatch_server: CloudWatchServer) -> None:
    then = YESTERDAY - timedelta(days=70)
    cloudwatch_server.put(EC2, "CPUUtilization", {"InstanceId": "i-1"}, {then + timedelta(hours=3): 9.0})
    source = configure(settings, source_of())
    report = ingest(settings, source, days=[then.date()], client=cloudwatch_server.client)
    assert report.rejections == ()
    [row] = landed(settings, source, then.date())
    assert (hour(row), row["minutes_covered"], row["average"]) == (3, 60, 9)


def test_a_connection_of_airflow_says_with_which_keys_and_where(
    settings: Settings, cloudwatch_server: CloudWatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloudwatch_server.put(EC2, "CPUUtilization", {"InstanceId": "i-1"}, every_five_minutes(lambda _: 7.0))
    configure(settings, source_of(connection="aws_metrics"))
    extra = json.dumps({"endpoint_url": cloudwatch_server.url})
    connection = {"conn_type": "aws", "login": ACCESS_KEY, "password": SECRET_KEY, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_METRICS", json.dumps(connection))
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(settings.configuration_dir))
    assert telemetry_steps.land_telemetry("ec2") == [str(DAY)]


def refusing(error: Exception) -> Any:
    def refuse(**_: Any) -> None:
        raise error

    client = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=refuse))
    return lambda region, seconds: client


def aws_says(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": SECRET_KEY}}, "ListMetrics")


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (aws_says("Throttling"), Unavailable, "is busy and answered Throttling; the next run asks again"),
        (aws_says("AccessDenied"), BadInput, "access denied; allow cloudwatch:ListMetrics"),
        (aws_says("ExpiredToken"), Unavailable, "the credentials have expired"),
        (aws_says("InvalidClientTokenId"), BadInput, r"refuses the request \(InvalidClientTokenId\)"),
        (NoCredentialsError(), BadInput, "no usable AWS credentials; configure the connection"),
        (EndpointConnectionError(endpoint_url="x"), Unavailable, r"does not answer \(EndpointConnectionError\)"),
    ],
)
def test_what_is_no_answer_is_said_in_one_line(
    settings: Settings, error: Exception, kind: type[Exception], says: str
) -> None:
    configure(settings, source_of())
    with pytest.raises(kind, match=f"ec2: CloudWatch in us-east-1:? ?{says}") as caught:
        land(settings, refusing(error))
    assert SECRET_KEY not in str(caught.value)


def answering(*answers: dict[str, Any]) -> Any:
    """Return what makes clients that know one instance and answer so, the last answer again and again."""
    queue = list(answers)
    listed = {"Metrics": [{"Dimensions": [{"Name": "InstanceId", "Value": "i-1"}]}]}
    client = SimpleNamespace(
        get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: iter([listed])),
        get_metric_data=lambda **_: queue.pop(0) if len(queue) > 1 else queue[0],
    )
    return lambda region, seconds: client


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        ("InternalError", Unavailable, r"answers in part only \(InternalError\)"),
        ("PartialData", Unavailable, r"answers in part only \(PartialData\)"),
        ("Forbidden", BadInput, "forbids some of the metrics; allow cloudwatch:GetMetricData"),
    ],
)
def test_an_answer_that_is_not_complete_lands_nothing(
    settings: Settings, status: str, kind: type[Exception], says: str
) -> None:
    result = {"Id": "q0", "StatusCode": status, "Timestamps": [NINE], "Values": [5.0]}
    source = configure(settings, source_of())
    with pytest.raises(kind, match=says):
        land(settings, answering({"MetricDataResults": [result]}))
    assert landed(settings, source) == []


def test_a_result_that_the_next_page_completes_is_complete(settings: Settings) -> None:
    first = {"Id": "q0", "StatusCode": "PartialData", "Timestamps": [NINE], "Values": [5.0]}
    rest = {"Id": "q0", "StatusCode": "Complete", "Timestamps": [NINE + timedelta(minutes=5)], "Values": [15.0]}
    source = configure(settings, source_of(metrics=ONLY_CPU))
    answers = ({"MetricDataResults": [first], "NextToken": "a"}, {"MetricDataResults": [rest]})
    ingest(settings, source, days=[DAY], client=answering(*answers))
    [row] = landed(settings, source)
    assert (row["average"], row["minutes_covered"]) == (10, 10)


ONLY_CPU = dict.fromkeys(
    (
        "concurrency_utilization",
        "network_bytes_per_second",
        "disk_bytes_per_second",
        "memory_utilization",
        "gpu_utilization",
        "gpu_memory_utilization",
    ),
    False,
)


def test_pages_that_repeat_themselves_are_noticed(settings: Settings) -> None:
    configure(settings, source_of())
    with pytest.raises(Unavailable, match="CloudWatch's pages repeat themselves"):
        land(settings, answering({"MetricDataResults": [], "NextToken": "again"}))
