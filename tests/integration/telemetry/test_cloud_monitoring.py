"""Google's Cloud Monitoring as a source: a stand-in that follows the documented form, asked by the DAG's own code."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
from servers.cloud_monitoring import PROJECT, CloudMonitoringServer, Points, says
from servers.proxy import Answer
from telemetry_steps import DAY, YESTERDAY, configure, hour, landed

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline

pytestmark = pytest.mark.integration

TOKEN = "canary-google-token-7f3a"
COMPUTE, AGENT = "compute.googleapis.com/instance", "agent.googleapis.com"
WHOLE_NAME = f"//compute.googleapis.com/projects/{PROJECT}/zones/us-central1-a/instances/4711"


class Credentials:
    """Credentials of google-auth's."""

    token: str | None = None

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def refresh(self, _request: Any) -> None:
        if self.error:
            raise self.error
        self.token = TOKEN


def source_of(server: CloudMonitoringServer, **more: Any) -> dict[str, Any]:
    head = {"name": "gce", "kind": "resource_metrics", "type": "cloud_monitoring", "url": server.proxy.url}
    return head | {"projects": [PROJECT], "days_back": 1, "settle_minutes": 0} | more


def land(settings: Settings, credentials: Credentials | None = None) -> list[str]:
    return pipeline.land(settings, "gce", client_for=lambda _: credentials or Credentials())


def at(begin: int, minutes: int = 60, **values: float) -> dict[datetime, dict[str, float]]:
    """Return the same values every five minutes from an hour of the day on, by aligner."""
    start = YESTERDAY + timedelta(hours=begin)
    named = {f"ALIGN_{name.upper()}": value for name, value in values.items()}
    return {start + timedelta(minutes=minute): named for minute in range(0, minutes, 5)}


def test_instances_land_with_what_the_platform_and_the_agent_measure(
    settings: Settings, cloud_monitoring_server: CloudMonitoringServer
) -> None:
    cloud_monitoring_server.series += [
        Points(f"{COMPUTE}/cpu/utilization", "4711", at(9, mean=0.4, max=0.6)),
        Points(f"{COMPUTE}/network/received_bytes_count", "4711", at(9, rate=10.0), {"loadbalanced": "true"}),
        Points(f"{COMPUTE}/network/received_bytes_count", "4711", at(9, rate=20.0), {"loadbalanced": "false"}),
        Points(f"{COMPUTE}/network/sent_bytes_count", "4711", at(9, rate=30.0)),
        Points(f"{COMPUTE}/disk/read_bytes_count", "4711", at(9, rate=5.0), {"device_name": "boot"}),
        Points(f"{AGENT}/memory/percent_used", "4711", at(9, mean=55.0, max=66.0), {"state": "used"}),
        Points(f"{AGENT}/memory/percent_used", "4711", at(9, mean=45.0, max=50.0), {"state": "free"}),
        Points(f"{AGENT}/gpu/utilization", "4711", at(9, mean=20.0, max=30.0), {"gpu_number": "0"}),
        Points(f"{AGENT}/gpu/utilization", "4711", at(9, mean=60.0, max=90.0), {"gpu_number": "1"}),
        Points(f"{AGENT}/gpu/memory/bytes_used", "4711", at(9, mean=10.0), {"memory_state": "used"}),
        Points(f"{AGENT}/gpu/memory/bytes_used", "4711", at(9, mean=30.0), {"memory_state": "free"}),
    ]
    source = configure(settings, source_of(cloud_monitoring_server))
    assert land(settings) == [str(DAY)]

    rows = {each["metric"]: each for each in landed(settings, source)}
    assert {(each["provider"], each["resource_id"], hour(each), each["minutes_covered"]) for each in rows.values()} == {
        ("gcp", WHOLE_NAME, 9, 60)
    }
    assert {name: (each["average"], each["maximum"]) for name, each in rows.items()} == {
        "cpu_utilization": (40, 60),
        "network_bytes_per_second": (60, None),
        "disk_bytes_per_second": (5, None),
        "memory_utilization": (55, 66),
        "gpu_utilization": (40, 90),
        "gpu_memory_utilization": (25, None),
    }


def test_a_gap_is_not_covered_and_a_day_is_whole_from_its_first_to_its_last_minute(
    settings: Settings, cloud_monitoring_server: CloudMonitoringServer
) -> None:
    values = at(0, 24 * 60, mean=0.5, max=0.5)
    del values[YESTERDAY + timedelta(hours=6)]
    cloud_monitoring_server.series.append(Points(f"{COMPUTE}/cpu/utilization", "4711", values))
    source = configure(settings, source_of(cloud_monitoring_server))
    land(settings)
    covered = {hour(each): each["minutes_covered"] for each in landed(settings, source)}
    assert covered == {number: 55 if number == 6 else 60 for number in range(24)}


def test_series_of_all_pages_land(settings: Settings, cloud_monitoring_server: CloudMonitoringServer) -> None:
    cloud_monitoring_server.page = 2
    cloud_monitoring_server.series += [
        Points(f"{COMPUTE}/cpu/utilization", str(number), at(9, mean=0.5, max=0.5)) for number in range(5)
    ]
    source = configure(settings, source_of(cloud_monitoring_server))
    land(settings)
    assert len({each["resource_id"] for each in landed(settings, source)}) == 5


def test_bills_may_call_an_instance_otherwise(
    settings: Settings, cloud_monitoring_server: CloudMonitoringServer
) -> None:
    cloud_monitoring_server.series.append(Points(f"{COMPUTE}/cpu/utilization", "4711", at(9, mean=0.5, max=0.5)))
    columns = {"resource_id": {"from": "id", "pattern": ".*/([^/]+)", "names": {"4711": "gpu-node-1"}}}
    source = configure(settings, source_of(cloud_monitoring_server, columns=columns))
    land(settings)
    assert {each["resource_id"] for each in landed(settings, source)} == {"gpu-node-1"}


def test_a_project_whose_agents_never_ran_lands_what_the_platform_measures(
    settings: Settings, cloud_monitoring_server: CloudMonitoringServer
) -> None:
    cloud_monitoring_server.series.append(Points(f"{COMPUTE}/cpu/utilization", "4711", at(9, mean=0.5, max=0.5)))
    message = "Cannot find metric(s) that match type = agent.googleapis.com/gpu/utilization."
    unknown = says(404, {"error": {"code": 404, "message": message, "status": "NOT_FOUND"}})

    def without_agent(method: str, target: str) -> Answer:
        return unknown if "agent.googleapis.com" in target else cloud_monitoring_server.answer(method, target)

    cloud_monitoring_server.proxy.hook = without_agent
    source = configure(settings, source_of(cloud_monitoring_server))
    land(settings)
    assert {each["metric"] for each in landed(settings, source)} == {"cpu_utilization"}


@pytest.mark.parametrize(
    ("error", "kind", "remedy"),
    [
        (DefaultCredentialsError(TOKEN), BadInput, "no usable Google credentials; configure its connection"),
        (RefreshError(TOKEN), BadInput, r"Google refuses the credentials \(RefreshError\)"),
        (TransportError(TOKEN), Unavailable, "Google gives no token now"),
    ],
)
def test_credentials_that_do_not_serve_are_said_and_not_repeated(
    settings: Settings,
    cloud_monitoring_server: CloudMonitoringServer,
    error: Exception,
    kind: type[Exception],
    remedy: str,
) -> None:
    configure(settings, source_of(cloud_monitoring_server))
    with pytest.raises(kind, match=f"source gce: {remedy}") as caught:
        land(settings, Credentials(error))
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "kind", "remedy"),
    [
        (says(403, {"error": {"status": "PERMISSION_DENIED"}}), BadInput, r"refuses the login \(403\)"),
        (says(400, {"error": {"message": "bad filter"}}), BadInput, r"refuses /v3/projects/.* \(bad filter\)"),
        (says(404, {"error": {"message": "no such project"}}), BadInput, r"refuses .* \(no such project\)"),
        (says(500, {"error": {"message": "internal"}}), Unavailable, r"failed \(internal\)"),
        (says(200, {"executionErrors": [{"code": 8}]}), Unavailable, "answers in part only"),
        (says(200, {"nextPageToken": "again"}), Unavailable, "the pages repeat themselves"),
        (says(200, {"timeSeries": [{"points": 7}]}), BadInput, "answers as no Cloud Monitoring does"),
        (Answer(200, b"<html>", "text/html"), BadInput, "answers no JSON"),
        (Answer(429, b""), Unavailable, "is busy and answered 429, 4 times"),
    ],
)
def test_what_is_no_answer_is_said_in_one_line_and_lands_nothing(
    settings: Settings,
    cloud_monitoring_server: CloudMonitoringServer,
    answer: Answer,
    kind: type[Exception],
    remedy: str,
) -> None:
    cloud_monitoring_server.proxy.hook = lambda *_: answer
    source = configure(settings, source_of(cloud_monitoring_server))
    with pytest.raises(kind, match=remedy) as caught:
        land(settings)
    assert TOKEN not in str(caught.value)
    assert landed(settings, source) == []
