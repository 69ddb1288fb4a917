"""The monitoring systems: each starts once, when a test first asks for it, and ends with the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from aws_inventory_steps import NOW
from azure.core.pipeline.policies import _authentication
from google.api_core.retry import Retry, if_exception_type
from servers import azure_monitor, cloud_monitoring, cloudwatch, mlflow, prometheus
from servers.aws_account import AwsAccountServer, aws_account_server
from servers.azure_lists import AzureLists, azure_lists_server
from servers.azure_monitor import AzureMonitorServer
from servers.cloud_monitoring import CloudMonitoringServer
from servers.cloudwatch import CloudWatchServer
from servers.gcp_lists import GcpLists, gcp_lists_server
from servers.mlflow import MlflowServer
from servers.prometheus import Line, PrometheusServer
from telemetry_steps import TODAY, YESTERDAY, seconds

from finops.telemetry import asking
from finops.telemetry.monitors import http
from finops.telemetry.monitors.inventories import azure, gcp_project, gcp_services

START = seconds(YESTERDAY)


def _gpu(moment: int) -> float | None:
    """Twenty percent in even hours, 20 to 79 in odd ones; nothing from 05:30 to 06:59 and a gap of ten minutes at 3."""
    hour, minute = (moment - START) // 3600, moment % 3600 // 60
    if ((hour, minute) >= (5, 30) and hour < 7) or (hour == 3 and 20 <= minute < 30):
        return None
    return 20.0 if hour % 2 == 0 else 20.0 + minute


def _requests(moment: int) -> float | None:
    """Ten a minute, from a counter that was at 1,000 a day before; the server starts anew at noon."""
    minutes = (moment - START) // 60
    noon = 12 * 60
    return 10.0 * (minutes + 1000) if minutes < noon else 10.0 * (minutes - noon)


LINES = (
    Line("DCGM_FI_DEV_GPU_UTIL", {"Hostname": "gpu-1.internal", "gpu": "0"}, _gpu),
    Line("DCGM_FI_DEV_GPU_UTIL", {"Hostname": "gpu-1.internal", "gpu": "1"}, _gpu),
    Line("DCGM_FI_DEV_GPU_UTIL", {"Hostname": "gpu-2.internal", "gpu": "0"}, lambda _: 50.0),
    Line("DCGM_FI_DEV_GPU_UTIL", {"gpu": "0"}, lambda _: 99.0),
    Line("DCGM_FI_DEV_FB_USED", {"Hostname": "gpu-2.internal", "gpu": "0"}, lambda _: 30_000.0),
    Line("DCGM_FI_DEV_FB_FREE", {"Hostname": "gpu-2.internal", "gpu": "0"}, lambda _: 50_000.0),
    Line(
        "node_cpu_seconds_total",
        {"Hostname": "gpu-2.internal", "mode": "idle", "cpu": "0"},
        lambda t: (t - START) * 0.75,
    ),
    Line(
        "node_cpu_seconds_total",
        {"Hostname": "gpu-2.internal", "mode": "user", "cpu": "0"},
        lambda t: (t - START) * 0.25,
    ),
    Line("share_of_nothing", {"Hostname": "gpu-2.internal"}, lambda _: float("nan")),
    Line(
        "vllm:request_success_total",
        {"model_name": "atlas", "version": "2.1", "service": "chat", "finished_reason": "stop"},
        _requests,
    ),
    Line(
        "vllm:request_success_total",
        {"model_name": "atlas", "version": "2.1", "service": "chat", "finished_reason": "abort"},
        lambda t: float((t - START) // 3600),
    ),
    Line(
        "vllm:prompt_tokens_total",
        {"model_name": "atlas", "version": "2.1", "service": "chat"},
        lambda t: 100.0 * (t - START) / 60,
    ),
    *(
        Line(
            "vllm:e2e_request_latency_seconds_bucket",
            {"model_name": "atlas", "version": "2.1", "service": "chat", "le": bound},
            lambda t, share=share: share * (t - START),
        )
        for bound, share in (("0.1", 0.5), ("0.2", 1.0), ("+Inf", 1.0))
    ),
)


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long a reader has waited for a server; it does not."""
    seconds: list[float] = []
    monkeypatch.setattr(http, "pause", seconds.append)
    return seconds


@pytest.fixture(autouse=True)
def _one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that goes on past midnight still takes the day on which it began for today."""
    end = TODAY + timedelta(hours=23, minutes=59)
    monkeypatch.setattr(asking, "now", lambda: min(datetime.now(UTC), end))


@pytest.fixture(scope="session")
def _prometheus_server() -> Iterator[PrometheusServer]:
    if reason := prometheus.why_not():
        # A run in CI without it would look as if this door had been tested.
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    with prometheus.prometheus_server(LINES, START - 7200, START + 2 * 86400) as server:
        yield server


@pytest.fixture
def prometheus_server(_prometheus_server: PrometheusServer) -> PrometheusServer:
    """Prometheus; it behaves, and counts requests anew, at the start of each test."""
    _prometheus_server.proxy.reset()
    return _prometheus_server


@pytest.fixture(scope="session")
def _mlflow_server() -> Iterator[MlflowServer]:
    if reason := mlflow.why_not():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    with mlflow.mlflow_server() as server:
        yield server


@pytest.fixture
def mlflow_server(_mlflow_server: MlflowServer) -> MlflowServer:
    """MLflow; it behaves, and counts requests anew, at the start of each test. Each test has its own experiments."""
    _mlflow_server.proxy.reset()
    return _mlflow_server


@pytest.fixture
def cloudwatch_server() -> Iterator[CloudWatchServer]:
    """CloudWatch, with nothing in it."""
    with cloudwatch.cloudwatch_server() as server:
        httpx.post(f"{server.url}/moto-api/reset", trust_env=False)
        yield server


@pytest.fixture
def azure_monitor_server() -> Iterator[AzureMonitorServer]:
    """Azure Monitor, with no machine in it."""
    with azure_monitor.azure_monitor_server() as server:
        yield server


@pytest.fixture
def cloud_monitoring_server() -> Iterator[CloudMonitoringServer]:
    """Cloud Monitoring, with no series in it."""
    with cloud_monitoring.cloud_monitoring_server() as server:
        yield server


@pytest.fixture(scope="module")
def _account() -> Iterator[AwsAccountServer]:
    with aws_account_server() as server:
        yield server


@pytest.fixture
def account(_account: AwsAccountServer, monkeypatch: pytest.MonkeyPatch) -> AwsAccountServer:
    """An account in which nothing is."""
    monkeypatch.setattr(asking, "now", lambda: NOW)
    _account.reset()
    return _account


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Iterator[GcpLists]:
    """A project in which nothing is. Its clients do not wait long."""
    monkeypatch.setattr(asking, "now", lambda: NOW)
    errors = (gcp_project.ServerError, gcp_project.TooManyRequests, gcp_project.Unconnected)
    quick = Retry(if_exception_type(*errors), initial=0.01, maximum=0.02, timeout=1)
    monkeypatch.setattr(gcp_project, "RETRY", quick)
    monkeypatch.setattr(gcp_services, "RETRY", quick)
    with gcp_lists_server() as server:
        yield server


@pytest.fixture
def subscription(monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureLists]:
    """A subscription in which nothing is. Its clients send their token by plain HTTP too, and wait for nothing."""
    monkeypatch.setattr(asking, "now", lambda: NOW)
    monkeypatch.setattr(_authentication, "_enforce_https", lambda _: None)
    monkeypatch.setattr(azure, "_LONGEST_WAIT", 0)
    with azure_lists_server() as server:
        yield server
