"""A reverse proxy in front of a stand-in, through which a test makes the network and the service misbehave.

What a test sets as ``hook`` sees every request first. It may answer itself (throttling, expired credentials), cut
the stand-in's answer off in the middle, do something behind the client's back (replace an object), or let pass.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """What the client gets instead of the stand-in's answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/xml"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class CutOff:
    """The stand-in's answer, with the connection closed after so many bytes of its body."""

    after: int


Hook = Callable[[str, str], Answer | CutOff | None]


@dataclass
class Proxy:
    """A running proxy. ``requests`` holds the method and target of every request since the last ``reset``."""

    url: str
    hook: Hook | None = None
    requests: list[tuple[str, str]] = field(default_factory=list)

    def reset(self) -> None:
        """Behave again, and forget what was asked."""
        self.hook = None
        self.requests.clear()


@contextmanager
def proxy_for(upstream: str) -> Iterator[Proxy]:
    """Run a proxy to ``upstream`` (``http://host:port``) while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    proxy = Proxy(f"http://127.0.0.1:{server.server_address[1]}")
    server.upstream, server.proxy = urlsplit(upstream), proxy  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy.requests.append((self.command, self.path))
        verdict = proxy.hook(self.command, self.path) if proxy.hook else None
        if isinstance(verdict, Answer):
            headers = [*verdict.headers, ("Content-Type", verdict.content_type)]
            self._answer(verdict.status, headers, verdict.body)
            return
        upstream = self.server.upstream  # type: ignore[attr-defined]
        connection = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=60)
        try:
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            response = connection.getresponse()
            content = response.read()
            self._answer(response.status, response.getheaders(), content, verdict)
        finally:
            connection.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, cut: CutOff | None = None) -> None:
        self.send_response_only(status)
        length = str(len(body))
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value
            elif name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(body if cut is None else body[: cut.after])
        if cut is not None:
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: object) -> None:
        """Say nothing."""
