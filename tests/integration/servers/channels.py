"""Slack, Teams, PagerDuty and a webhook's receiver on loopback: what they were sent, and what they answer."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

LOSE = "the message is taken, and the connection ends without an answer"
_KEY = re.compile(r"Key: ([\w./:-]+)")


@dataclass
class Posted:
    """One request that was taken."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def keys(self) -> list[str]:
        """The keys of the events that a person reads in it."""
        return _KEY.findall(self.body.decode())


@dataclass
class Chats:
    """``answers`` of a path are used up one by one: a status, a status with headers, or LOSE; then it is 200."""

    port: int = 0
    answers: dict[str, deque[Any]] = field(default_factory=lambda: defaultdict(deque))
    taken: dict[str, list[Posted]] = field(default_factory=lambda: defaultdict(list))
    asked: Counter[str] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    def keys(self, name: str) -> Counter[str]:
        """Return how often people read of each event there."""
        return Counter(key for each in self.taken[name] for key in each.keys)

    def alerts(self) -> dict[str, str]:
        """Return PagerDuty's alerts by dedup_key, as it would show them: a second trigger is the same alert."""
        return {each.json["dedup_key"]: each.json["event_action"] for each in self.taken["pagerduty"]}

    def webhook_ids(self) -> dict[str, bytes]:
        """Return what a receiver that keeps ``webhook-id`` has: each message once, with its body."""
        found: dict[str, bytes] = {}
        for each in self.taken["webhook"]:
            assert found.setdefault(each.headers["webhook-id"], each.body) == each.body, "a repeat is the very same"
        return found


@contextmanager
def chats() -> Iterator[Chats]:
    """Run the server while the block runs."""
    found = Chats()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            name = self.path.strip("/").split("/")[0]
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with found.lock:
                found.asked[name] += 1
                answer = found.answers[name].popleft() if found.answers[name] else 200
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                if status == LOSE or (isinstance(status, int) and status < 300):
                    found.taken[name].append(Posted(dict(self.headers), body))
            if status == LOSE:
                self.close_connection = True
                return
            says = b"ok" if status < 300 else b"invalid_blocks"
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(says))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(says)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        found.port = server.server_address[1]
        yield found
        server.shutdown()
