"""Azure Blob Storage, played by Azurite (``npm ci`` in this folder installs it)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from azure.storage.blob import BlobServiceClient, ExponentialRetry

from servers import tether
from servers.proxy import Proxy, proxy_for

# The account that Azurite documents and everybody's Azurite has; it opens nothing else.
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_PROGRAM = Path(__file__).parent / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
_ARGUMENTS = ("--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence", "--silent", "--blobPort", "0")


@dataclass(frozen=True)
class BlobServer:
    """A running Blob service. ``admin`` talks to it directly; a test's own clients go through ``proxy``."""

    proxy: Proxy
    admin: BlobServiceClient

    def client(self, attempts: int = 4) -> BlobServiceClient:
        """Return a client through the proxy, whose retries a test can afford to wait for."""
        return _client(self.proxy.url, attempts)

    def fill(self, container: str, blobs: dict[str, bytes]) -> None:
        """Make a container that holds these blobs."""
        target = self.admin.create_container(container)
        for name, content in blobs.items():
            target.upload_blob(name, content)


def why_not() -> str | None:
    """Say what is missing to run it, or return None."""
    if shutil.which("node") is None:
        return "node is not installed"
    return None if _PROGRAM.exists() else "Azurite is not installed: run `npm ci` in tests/integration/servers"


@contextmanager
def blob_server() -> Iterator[BlobServer]:
    """Run the Blob service while the block runs."""
    command = ["node", str(_PROGRAM), *_ARGUMENTS]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = tether.start(command, **pipes, env=_environment())
    try:
        url = _announced_url(process)
        # Nobody reads on otherwise, and a full pipe would stop the server.
        Thread(target=process.stdout.read, daemon=True).start()  # type: ignore[union-attr]
        with proxy_for(url) as proxy:
            yield BlobServer(proxy, _client(url, 1))
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "NO_PROXY", "no_proxy")}


def _announced_url(process: subprocess.Popen[str]) -> str:
    said = []
    for line in process.stdout:  # type: ignore[union-attr]
        said.append(line)
        if found := re.search(r"successfully listens on (http://\S+)", line):
            return found[1]
    raise RuntimeError(f"Azurite did not start: {''.join(said)}")


def _client(url: str, attempts: int) -> BlobServiceClient:
    retry = ExponentialRetry(initial_backoff=0, increment_base=0, retry_total=attempts - 1, random_jitter_range=0)
    return BlobServiceClient(f"{url}/{ACCOUNT}", credential=ACCOUNT_KEY, retry_policy=retry, read_timeout=5)
