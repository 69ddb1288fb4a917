"""Airflow on SQLite refuses a call now and then; whoever drives it from outside must not fall over that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from finops_airflow.local import rest
from finops_airflow.local.rest import AirflowRest


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(rest, "_PAUSES", (0, 0))


@contextmanager
def api_server(*statuses: int) -> Iterator[tuple[AirflowRest, list[tuple[str, dict[str, object]]]]]:
    """Answer the token, then each call with the next status; the last one stays."""
    calls: list[tuple[str, dict[str, object]]] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            status = 201
            if self.path != "/auth/token":
                status = statuses[min(len(calls), len(statuses) - 1)]
                calls.append((self.path, body))
            text = json.dumps({"access_token": "t", "total": 1}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = _answer

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    client = AirflowRest(f"http://127.0.0.1:{server.server_port}", "admin", "secret")
    try:
        yield client, calls
    finally:
        client.close()
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_call_that_met_a_locked_database_is_made_again():
    with api_server(500, 500, 200) as (client, calls):
        client.unpause("build_marts")
    assert [path for path, _ in calls] == ["/api/v2/dags/build_marts"] * 3


def test_a_database_that_stays_broken_is_an_error_that_names_the_call():
    with api_server(500) as (client, calls), pytest.raises(httpx.HTTPStatusError, match="PATCH dags/build_marts: 500"):
        client.unpause("build_marts")
    assert len(calls) == 3


def test_a_refusal_is_not_asked_again():
    with api_server(403) as (client, calls), pytest.raises(httpx.HTTPStatusError, match="403"):
        client.get("dags")
    assert len(calls) == 1


def test_a_repeated_trigger_starts_no_second_run_since_the_first_may_have_been_written():
    with api_server(500, 409) as (client, calls):
        run_id = client.trigger("build_marts")
    assert [body["dag_run_id"] for _, body in calls] == [run_id, run_id]
