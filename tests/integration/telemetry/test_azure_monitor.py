"""Azure Monitor as a source: a stand-in that follows the documented form, asked by the DAG's own code."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError
from servers.azure_monitor import GROUP, SUBSCRIPTION, AzureMonitorServer, says
from servers.proxy import Answer
from telemetry_steps import DAY, YESTERDAY, configure, hour, landed

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.telemetry.service import ingest

pytestmark = pytest.mark.integration

TOKEN = "canary-azure-token-7f3a"
NINE = YESTERDAY + timedelta(hours=9)


class Credential:
    """A credential of azure-identity's, which keeps what it was asked for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.scopes = error, []

    def get_token(self, *scopes: str, **_: Any) -> Any:
        self.scopes += scopes
        if self.error:
            raise self.error
        return SimpleNamespace(token=TOKEN)


def source_of(server: AzureMonitorServer, **more: Any) -> dict[str, Any]:
    head = {"name": "vms", "kind": "resource_metrics", "type": "azure_monitor", "url": server.proxy.url}
    return head | {"subscriptions": [SUBSCRIPTION], "days_back": 1, "settle_minutes": 0} | more


def land(settings: Settings, credential: Credential | None = None) -> list[str]:
    return pipeline.land(settings, "vms", client_for=lambda _: credential or Credential())


def at_nine(**values: float) -> Any:
    """Return a metric with these values from nine to ten, but for the second five minutes."""

    def metric(moment: datetime) -> dict[str, float] | None:
        is_gap = moment == NINE + timedelta(minutes=5)
        return values if NINE <= moment < NINE + timedelta(hours=1) and not is_gap else None

    return metric


def test_machines_land_with_what_azure_measures_from_outside(
    settings: Settings, azure_monitor_server: AzureMonitorServer
) -> None:
    azure_monitor_server.machines["gpu-1"] = {
        "Percentage CPU": at_nine(average=40.0, maximum=60.0, minimum=5.0, total=480.0),
        "Available Memory Percentage": at_nine(average=70.0, maximum=90.0, minimum=10.0),
        "Network In Total": at_nine(total=3000.0),
        "Network Out Total": at_nine(total=6000.0),
        "Disk Read Bytes": at_nine(total=600.0),
    }
    source = configure(settings, source_of(azure_monitor_server))
    credential = Credential()
    assert land(settings, credential) == [str(DAY)]

    rows = {each["metric"]: each for each in landed(settings, source)}
    assert {(each["provider"], each["resource_id"], hour(each), each["minutes_covered"]) for each in rows.values()} == {
        ("azure", f"{GROUP}/gpu-1", 9, 55)
    }
    assert {name: (each["average"], each["maximum"]) for name, each in rows.items()} == {
        "cpu_utilization": (40, 60),
        "memory_utilization": (30, 90),
        "network_bytes_per_second": (30, None),
        "disk_bytes_per_second": (2, None),
    }
    assert set(credential.scopes) == {f"{azure_monitor_server.proxy.url}/.default"}


def test_machines_of_all_pages_land(settings: Settings, azure_monitor_server: AzureMonitorServer) -> None:
    for number in range(5):
        azure_monitor_server.machines[f"vm-{number}"] = {"Percentage CPU": at_nine(average=1.0, maximum=2.0)}
    azure_monitor_server.page = 2
    source = configure(settings, source_of(azure_monitor_server))
    land(settings)
    assert len({each["resource_id"] for each in landed(settings, source)}) == 5


def test_a_machine_that_is_gone_by_now_keeps_no_other_back(
    settings: Settings, azure_monitor_server: AzureMonitorServer
) -> None:
    for name in ("gone", "there"):
        azure_monitor_server.machines[name] = {"Percentage CPU": at_nine(average=1.0, maximum=2.0)}

    def without(method: str, target: str) -> Answer:
        if "/gone/" in target:
            return says(404, {"error": {"code": "ResourceNotFound"}})
        return azure_monitor_server.answer(method, target)

    azure_monitor_server.proxy.hook = without
    source = configure(settings, source_of(azure_monitor_server))
    land(settings)
    assert {each["resource_id"] for each in landed(settings, source)} == {f"{GROUP}/there"}


def test_bills_may_call_a_machine_otherwise(settings: Settings, azure_monitor_server: AzureMonitorServer) -> None:
    azure_monitor_server.machines["vm-1"] = {"Percentage CPU": at_nine(average=1.0, maximum=2.0)}
    columns = {"resource_id": {"from": "id", "pattern": ".*/([^/]+)"}}
    source = configure(settings, source_of(azure_monitor_server, columns=columns))
    land(settings)
    assert {each["resource_id"] for each in landed(settings, source)} == {"vm-1"}


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (CredentialUnavailableError(message=TOKEN), "no usable Azure credentials; configure its connection"),
        (ClientAuthenticationError(message=TOKEN), "Azure refuses the credentials"),
    ],
)
def test_credentials_that_do_not_serve_are_said_and_not_repeated(
    settings: Settings, azure_monitor_server: AzureMonitorServer, error: Exception, remedy: str
) -> None:
    configure(settings, source_of(azure_monitor_server))
    with pytest.raises(BadInput, match=f"source vms: {remedy}") as caught:
        land(settings, Credential(error))
    assert TOKEN not in str(caught.value)


def test_the_token_goes_nowhere_else(settings: Settings, azure_monitor_server: AzureMonitorServer) -> None:
    elsewhere = {"value": [], "nextLink": f"http://127.0.0.1:9/subscriptions/{SUBSCRIPTION}"}
    azure_monitor_server.proxy.hook = lambda *_: says(200, elsewhere)
    configure(settings, source_of(azure_monitor_server))
    with pytest.raises(BadInput, match="sends elsewhere for its next page"):
        land(settings)


def test_pages_that_repeat_themselves_are_noticed(settings: Settings, azure_monitor_server: AzureMonitorServer) -> None:
    link = f"{azure_monitor_server.proxy.url}/subscriptions/{SUBSCRIPTION}/again"
    azure_monitor_server.proxy.hook = lambda *_: says(200, {"value": [], "nextLink": link})
    configure(settings, source_of(azure_monitor_server))
    with pytest.raises(Unavailable, match="the pages of machines repeat themselves"):
        land(settings)


def test_a_busy_azure_is_waited_for_as_long_as_it_asks(
    settings: Settings, azure_monitor_server: AzureMonitorServer, waited: list[float]
) -> None:
    azure_monitor_server.machines["vm-1"] = {"Percentage CPU": at_nine(average=1.0, maximum=2.0)}
    busy = [Answer(429, b"", headers=(("Retry-After", "11"),))]
    azure_monitor_server.proxy.hook = lambda *each: busy.pop() if busy else azure_monitor_server.answer(*each)
    configure(settings, source_of(azure_monitor_server))
    assert land(settings) == [str(DAY)]
    assert waited == [11]


@pytest.mark.parametrize(
    ("answer", "kind", "remedy"),
    [
        (says(401, {"error": {"code": "ExpiredAuthenticationToken"}}), BadInput, r"refuses the login \(401\)"),
        (says(404, {"error": {"code": "SubscriptionNotFound"}}), BadInput, r"refuses .* \(SubscriptionNotFound\)"),
        (says(500, {"error": {"code": "InternalServerError"}}), Unavailable, r"failed at .* \(InternalServerError\)"),
        (Answer(200, b"<html>", "text/html"), BadInput, "answers no JSON"),
        (Answer(503, b""), Unavailable, "is busy and answered 503, 4 times"),
    ],
)
def test_what_is_no_answer_is_said_in_one_line(
    settings: Settings, azure_monitor_server: AzureMonitorServer, answer: Answer, kind: type[Exception], remedy: str
) -> None:
    azure_monitor_server.proxy.hook = lambda *_: answer
    configure(settings, source_of(azure_monitor_server))
    with pytest.raises(kind, match=remedy) as caught:
        land(settings)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "kind", "remedy"),
    [
        ([{"name": {"value": "Percentage CPU"}, "errorCode": "InternalError"}], Unavailable, "answers in part only"),
        ([{"name": "Percentage CPU"}], BadInput, "answers as no Azure Monitor does"),
    ],
)
def test_metrics_that_are_none_land_nothing(
    settings: Settings, azure_monitor_server: AzureMonitorServer, value: list[Any], kind: type[Exception], remedy: str
) -> None:
    azure_monitor_server.machines["vm-1"] = {}

    def broken(method: str, target: str) -> Answer:
        is_metrics = "Microsoft.Insights" in target
        return says(200, {"value": value}) if is_metrics else azure_monitor_server.answer(method, target)

    azure_monitor_server.proxy.hook = broken
    source = configure(settings, source_of(azure_monitor_server))
    with pytest.raises(kind, match=remedy):
        land(settings)
    assert landed(settings, source) == []


def test_only_the_metrics_that_are_wanted_are_asked_for(
    settings: Settings, azure_monitor_server: AzureMonitorServer
) -> None:
    azure_monitor_server.machines["vm-1"] = {"Percentage CPU": at_nine(average=1.0, maximum=2.0)}
    others = ("memory_utilization", "network_bytes_per_second", "disk_bytes_per_second")
    source = configure(settings, source_of(azure_monitor_server, metrics=dict.fromkeys(others, False)))
    ingest(settings, source, days=[DAY], client=Credential())
    [_, (_, target)] = azure_monitor_server.proxy.requests
    assert "metricnames=Percentage+CPU&" in target.replace("%20", "+")
