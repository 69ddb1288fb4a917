"""S3, played by moto."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from servers.proxy import Proxy, proxy_for

ACCESS_KEY, SECRET_KEY = "AKIASTANDINSTANDIN00", "canary-7f3a-secret-key"


@dataclass(frozen=True)
class S3Server:
    """A running S3. ``admin`` talks to it directly; a test's own clients go through ``proxy``."""

    proxy: Proxy
    admin: Any

    def client(self, attempts: int = 4) -> Any:
        """Return a client like the platform's own, through the proxy, whose retries a test can afford to wait for."""
        return _client(self.proxy.url, attempts)

    def fill(self, bucket: str, objects: dict[str, bytes]) -> None:
        """Make a bucket that holds these objects."""
        self.admin.create_bucket(Bucket=bucket)
        for key, content in objects.items():
            self.admin.put_object(Bucket=bucket, Key=key, Body=content)


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run S3 while the block runs."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        with proxy_for(url) as proxy:
            yield S3Server(proxy, _client(url, 1))
    finally:
        server.stop()


def _client(url: str, attempts: int) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            s3={"addressing_style": "path"},
            read_timeout=5,
            proxies={},
        ),
    )
