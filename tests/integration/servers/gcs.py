"""Google Cloud Storage, played by gcp-storage-emulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gcp_storage_emulator.server import create_server
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from servers.proxy import Proxy, proxy_for


@dataclass(frozen=True)
class GcsServer:
    """A running Cloud Storage. ``admin`` talks to it directly; a test's own clients go through ``proxy``."""

    proxy: Proxy
    admin: storage.Client

    def client(self) -> storage.Client:
        """Return the real client, through the proxy."""
        return _client(self.proxy.url)

    def make(self, bucket: str) -> None:
        """Make a bucket, if it is not there."""
        if not self.admin.bucket(bucket).exists():
            self.admin.create_bucket(bucket)

    def objects(self, bucket: str) -> dict[str, bytes]:
        """Return all that a bucket holds."""
        return {blob.name: blob.download_as_bytes() for blob in self.admin.list_blobs(bucket)}


@contextmanager
def gcs_server() -> Iterator[GcsServer]:
    """Run Cloud Storage while the block runs."""
    server = create_server("127.0.0.1", 0, in_memory=True)
    server.start()
    try:
        url = f"http://127.0.0.1:{port_of(server)}"
        with proxy_for(url) as proxy:
            yield GcsServer(proxy, _client(url))
    finally:
        server.stop()


def port_of(server: Any) -> int:
    """Return the port that the system chose."""
    return int(server._api._httpd.server_address[1])


def _client(url: str) -> storage.Client:
    return storage.Client(project="meridian", credentials=AnonymousCredentials(), client_options={"api_endpoint": url})
