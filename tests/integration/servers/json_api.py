"""A small server of JSON on loopback, for stand-ins of clouds' interfaces that are written to as well."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Said:
    """An answer: status, content and more headers."""

    status: int
    content: Any
    headers: tuple[tuple[str, str], ...] = ()


CUT = Said(0, None)
"""The connection is closed without an answer."""


@contextmanager
def json_api(answer: Callable[[BaseHTTPRequestHandler, Any], Said]) -> Iterator[str]:
    """Run a server that answers each request, with its body read, while the block runs; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            found = answer(self, json.loads(self.rfile.read(length)) if length else None)
            if found is CUT:
                self.close_connection = True
                return
            body = b"" if found.status == 204 else json.dumps(found.content).encode()
            self.send_response_only(found.status)
            for name, value in (*found.headers, ("Content-Type", "application/json"), ("Content-Length", len(body))):
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _serve

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
