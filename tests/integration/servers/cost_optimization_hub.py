"""AWS's Cost Optimization Hub, as far as its list of recommendations goes, in the form of its service model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import boto3
from botocore.config import Config

from servers.json_api import Said, json_api
from servers.s3 import ACCESS_KEY, SECRET_KEY

TARGET = "CostOptimizationHubService.ListRecommendations"
LARGEST_PAGE = 1000


@dataclass
class HubServer:
    """A running stand-in. A page has ``page`` items; ``refuses`` is the error that it answers instead."""

    url: str = ""
    items: list[dict[str, Any]] = field(default_factory=list)
    page: int = LARGEST_PAGE
    refuses: tuple[int, str] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def client(self, region: str, _seconds: int = 60) -> Any:
        """Return boto3's own client of a region; it asks once."""
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
        once = Config(retries={"total_max_attempts": 1})
        return boto3.client("cost-optimization-hub", region_name=region, endpoint_url=self.url, config=once, **keys)

    def answer(self, request: BaseHTTPRequestHandler, body: dict[str, Any]) -> Said:
        """Answer a request as AWS does."""
        scope = request.headers["Authorization"].split("Credential=")[1].split(",")[0]
        if request.headers["X-Amz-Target"] != TARGET or not scope.endswith(
            "us-east-1/cost-optimization-hub/aws4_request"
        ):
            return _error(400, "UnknownOperationException")
        self.asked.append(body)
        if self.refuses:
            return _error(*self.refuses)
        if not 0 <= body.get("maxResults", 100) <= LARGEST_PAGE:
            return _error(400, "ValidationException")
        first = int(body.get("nextToken", "0"))
        size = min(self.page, body.get("maxResults", 100))
        content: dict[str, Any] = {"items": self.items[first : first + size]}
        if first + size < len(self.items):
            content["nextToken"] = str(first + size)
        return Said(200, content)


def _error(status: int, code: str) -> Said:
    return Said(status, {"__type": code, "message": f"not repeated: {SECRET_KEY}"})


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """Run the hub, with nothing in it, while the block runs."""
    server = HubServer()
    with json_api(server.answer) as url:
        server.url = url
        yield server
