"""The price of a spot machine, from EC2 as moto plays it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer
from servers.s3 import ACCESS_KEY, SECRET_KEY

from finops.budgets.gate import ec2
from finops.core.errors import Unavailable

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def client_of() -> Iterator[Callable[[str], Any]]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    config = Config(retries={"total_max_attempts": 1}, proxies={})
    yield lambda region: boto3.client(
        "ec2", region_name=region, endpoint_url=f"http://{host}:{port}", config=config, **keys
    )
    server.stop()


def test_the_price_of_now_is_that_of_a_zone_of_the_region(client_of):
    amount, source = ec2.price(client_of, "p4d.24xlarge", "us-east-1")
    assert amount == Decimal("0.00001"), "what moto asks for everything"
    assert source.startswith("AWS, us-east-1")


def test_a_machine_that_the_region_does_not_have_is_no_price_of_nothing(client_of):
    with pytest.raises(Unavailable, match=r"AWS has no price: the spot price of p99\.huge in us-east-1"):
        ec2.price(client_of, "p99.huge", "us-east-1")


def test_an_aws_that_does_not_answer_is_said_in_one_line(client_of):
    nobody = boto3.client(
        "ec2",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        config=client_of("us-east-1").meta.config,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    with pytest.raises(Unavailable, match=r"AWS does not say the spot price of p4d\.24xlarge in us-east-1: "):
        ec2.price(lambda _region: nobody, "p4d.24xlarge", "us-east-1")
