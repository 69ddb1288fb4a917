"""The server: moto's application between what AWS refuses and what AWS fails at."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app

from finops_airflow.local.aws_standin import dimensions, endpoint_names
from finops_airflow.local.aws_standin.faults import AFTER, Faults, answer_of
from finops_airflow.local.aws_standin.request import Answer, Request, request_of
from finops_airflow.local.aws_standin.rules import Rules
from finops_airflow.local.aws_standin.seed import seed

_LONGER_THAN_ANYBODY_WAITS = 120.0
_JSON = [("Content-Type", "application/json")]


class QuietHandler(MotoRequestHandler):
    """Writes no line for each request."""

    def log_request(self, *_arguments: object) -> None:
        """Say nothing."""


class Application:
    """A WSGI application. One request at a time, as moto's models know no threads."""

    def __init__(self) -> None:
        self.url = ""
        self.rules, self.faults = Rules(), Faults()
        dimensions.know()
        endpoint_names.know()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = Lock()
        self._calls: list[dict[str, Any]] = []
        logging.getLogger("werkzeug").setLevel(logging.ERROR)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"].startswith("/stand-in/"):
            status, headers, body = self._told(environ)
        else:
            request = request_of(environ)
            with self._lock:
                (status, headers, body), kind = self._served(environ, request)
            if kind in AFTER and kind != "lost":
                _cut(environ, kind)
        start_response(status, headers)
        return [body]

    def seed(self, rows: list[dict[str, Any]]) -> None:
        """Make resources."""
        seed(rows, self.url, self.rules)

    def _served(self, environ: dict[str, Any], request: Request | None) -> tuple[Answer, str]:
        if request is None:
            return self._of_moto(environ), ""
        kind = self.faults.of(request)
        if kind and kind not in AFTER:
            return self._noted(request, answer_of(kind, request), kind), kind
        answer = self.rules.refuse(request)
        if answer is None:
            answer = self.rules.after(request, self._of_moto(environ))
            self._noted(request, answer, kind)
        else:
            self._noted(request, answer, "")
        return (answer_of(kind, request) if kind == "lost" else answer), kind

    def _of_moto(self, environ: dict[str, Any]) -> Answer:
        got: list[Any] = []
        parts = self._moto(environ, lambda status, headers, *_more: got.extend((status, headers)))
        body = b"".join(parts)
        return got[0], [each for each in got[1] if each[0].lower() != "content-length"], body

    def _noted(self, request: Request, answer: Answer, kind: str) -> Answer:
        is_done = answer[0].startswith("2")
        self._calls.append(
            {
                "permission": request.permission,
                "account": request.account,
                "resource": request.resource,
                "outcome": kind or answer[0][:3],
                "has_effect": is_done and request.is_change and not self.rules.changed_nothing,
            }
        )
        return answer

    def _told(self, environ: dict[str, Any]) -> Answer:
        content = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}")
        result: Any = {}
        what = environ["PATH_INFO"].rpartition("/")[2]
        # Seeding calls the server itself.
        if what == "seed":
            self.seed(content)
        else:
            with self._lock:
                if what == "faults":
                    self.faults.replace(**content)
                elif what == "pass-hours":
                    self.rules.pass_hours(content["hours"])
                elif what == "calls":
                    result, self._calls = self._calls, []
                else:
                    return "404 Not Found", _JSON, b"{}"
        return "200 OK", _JSON, json.dumps(result).encode()


def _cut(environ: dict[str, Any], kind: str) -> None:
    connection: socket.socket = environ["werkzeug.socket"]
    if kind == "timeout":
        connection.settimeout(_LONGER_THAN_ANYBODY_WAITS)
        started = time.monotonic()
        while connection.recv(1) and time.monotonic() - started < _LONGER_THAN_ANYBODY_WAITS:
            pass
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError
