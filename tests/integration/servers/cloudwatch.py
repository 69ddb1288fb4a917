"""CloudWatch, played by moto, which lacks percentiles: they are as AWS documents them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3
from moto.cloudwatch.models import Statistics
from moto.server import ThreadedMotoServer

from servers.s3 import ACCESS_KEY, SECRET_KEY

REGION = "us-east-1"


@dataclass(frozen=True)
class CloudWatchServer:
    """A running CloudWatch."""

    url: str
    admin: Any

    def client(self, region: str = REGION, _seconds: int = 60) -> Any:
        """Return a client of a region."""
        return _client(self.url, region)

    def put(self, namespace: str, name: str, dimensions: dict[str, str], values: dict[datetime, float]) -> None:
        """Publish values of a metric."""
        named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        data = [
            {"MetricName": name, "Dimensions": named, "Timestamp": moment, "Value": value}
            for moment, value in values.items()
        ]
        for first in range(0, len(data), 500):
            self.admin.put_metric_data(Namespace=namespace, MetricData=data[first : first + 500])


@contextmanager
def cloudwatch_server() -> Iterator[CloudWatchServer]:
    """Run CloudWatch, with nothing in it, while the block runs."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    answer = Statistics.get_statistics_for_type

    def with_percentiles(self: Statistics, stat: str) -> Any:
        if not stat.startswith("p"):
            return answer(self, stat)
        values = sorted(float(each.value) for each in self.metric_data)
        return values[max(0, math.ceil(len(values) * float(stat[1:]) / 100) - 1)]

    Statistics.get_statistics_for_type = with_percentiles  # type: ignore[method-assign, assignment]
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        admin = _client(url, REGION)
        yield CloudWatchServer(url, admin)
    finally:
        server.stop()
        Statistics.get_statistics_for_type = answer  # type: ignore[method-assign]


def _client(url: str, region: str) -> Any:
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    return boto3.client("cloudwatch", endpoint_url=url, region_name=region, **keys)
