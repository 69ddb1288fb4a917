"""An account of AWS, played by moto, whose clients can be refused, throttled and cut off."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import boto3
import httpx
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from moto.server import ThreadedMotoServer

from finops_airflow.local.aws_standin import dimensions
from servers.s3 import ACCESS_KEY, SECRET_KEY

ACCOUNT = "123456789012"
_IMAGES = "MOTO_EC2_LOAD_DEFAULT_AMIS"
_THROTTLED = b"<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>"


class _Body:
    """What an answer is read from."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Yield it."""
        yield _THROTTLED


@dataclass
class AwsAccountServer:
    """A running account. ``denied`` are calls as ``ec2.DescribeVolumes``, ``throttled`` how often each is busy first.

    Buckets that are ``closed`` tell nothing but ``told``, as ``name.GetBucketLocation``. Regions that are ``down`` do
    not answer. ``asked`` are the calls that were sent, with their region. ``began`` is when an upload began, by key:
    moto says 2010 of all.
    """

    url: str
    denied: set[str] = field(default_factory=set)
    throttled: dict[str, int] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    down: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)
    began: dict[str, datetime] = field(default_factory=dict)

    def reset(self) -> None:
        """Behave, with nothing in any region."""
        httpx.post(f"{self.url}/moto-api/reset", trust_env=False)
        self.denied, self.closed, self.told, self.down = set(), set(), set(), set()
        self.throttled, self.asked, self.began = {}, [], {}

    def admin(self, service: str, region: str = "us-east-1") -> Any:
        """Return a client that nothing is refused."""
        return _client(self.url, service, region, 1)

    def client(self, service: str, region: str, _seconds: int = 60) -> Any:
        """Return a client as the platform's own."""
        # Nothing listens at the port of discard.
        url = "http://127.0.0.1:9" if region in self.down else self.url
        made = _client(url, service, region, 3)
        made.meta.events.register("before-call.*.*", self._refuse)
        made.meta.events.register("before-send.*.*", self._throttle(service, region))
        made.meta.events.register("after-call.s3.ListMultipartUploads", self._date)
        return made

    def _refuse(self, model: Any, params: dict[str, Any], **_: Any) -> Any:
        name = f"{model.service_model.service_name}.{model.name}"
        where = params["url"].partition("?")[0].rpartition("/")[2]
        is_closed = where in self.closed and f"{where}.{model.name}" not in self.told
        if name not in self.denied and not is_closed:
            return None
        code = "UnauthorizedOperation" if name.startswith("ec2.") else "AccessDenied"
        meta = {"HTTPStatusCode": 403, "HTTPHeaders": {}}
        return AWSResponse(self.url, 403, {}, None), {"Error": {"Code": code}, "ResponseMetadata": meta}

    def _date(self, parsed: dict[str, Any], **_: Any) -> None:
        for each in parsed.get("Uploads", ()):
            each["Initiated"] = self.began.get(each["Key"], each["Initiated"])

    def _throttle(self, service: str, region: str) -> Callable[..., Any]:
        def send(event_name: str, request: Any, **_: Any) -> Any:
            name = f"{service}.{event_name.rpartition('.')[2]}"
            self.asked.append((name, region))
            if not self.throttled.get(name):
                return None
            self.throttled[name] -= 1
            return AWSResponse(request.url, 503, {}, _Body())

        return send


@contextmanager
def aws_account_server() -> Iterator[AwsAccountServer]:
    """Run an account, with nothing in it, while the block runs."""
    # Hundreds of images that nobody has asked for, in every region.
    before = os.environ.get(_IMAGES)
    os.environ[_IMAGES] = "false"
    dimensions.know()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        yield AwsAccountServer(url)
    finally:
        server.stop()
        os.environ.pop(_IMAGES)
        if before is not None:
            os.environ[_IMAGES] = before


def _client(url: str, service: str, region: str, attempts: int) -> Any:
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts}, s3={"addressing_style": "path"}, connect_timeout=2
    )
    return boto3.client(service, endpoint_url=url, region_name=region, config=config, **keys)
