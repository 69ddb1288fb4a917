"""The Cloud Billing Budget API of one billing account, in the form that Google documents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.json_api import Said, json_api

ACCOUNT = "billingAccounts/0A1B2C-3D4E5F-6A7B8C"
CURRENCY = "USD"


@dataclass
class GcpBudgetsServer:
    """A running stand-in: its budgets by resource name, and the methods and paths that it was asked for."""

    url: str = ""
    budgets: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Said] = field(default_factory=list)
    page: int = 2
    number: int = 0

    def answer(self, request: BaseHTTPRequestHandler, body: Any) -> Said:
        """Answer a request as Google does."""
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        name = parts.path.removeprefix("/v1/")
        self.requests.append((request.command, name))
        if self.faults:
            return self.faults.pop(0)
        if not name.startswith(f"{ACCOUNT}/budgets"):
            return refusal(403, "PERMISSION_DENIED")
        if request.command == "GET":
            return self._list(int(query.get("pageToken") or 0))
        if request.command == "DELETE":
            return Said(200, {}) if self.budgets.pop(name, None) else refusal(404, "NOT_FOUND")
        if fault := _fault_of(body):
            return refusal(400, "INVALID_ARGUMENT", fault)
        if request.command == "PATCH":
            return self._patch(name, body, query["updateMask"].split(","))
        return Said(200, self.put(body))

    def _list(self, first: int) -> Said:
        found: dict[str, Any] = {"budgets": list(self.budgets.values())[first : first + self.page]}
        if first + self.page < len(self.budgets):
            found["nextPageToken"] = str(first + self.page)
        return Said(200, found)

    def _patch(self, name: str, body: dict[str, Any], mask: list[str]) -> Said:
        before = self.budgets[name]
        if body.get("etag") != before["etag"]:
            return refusal(409, "ABORTED")
        kept = {key: value for key, value in before.items() if key not in mask}
        changed = {key: body[key] for key in mask if key in body}
        return Said(200, self.put({**kept, **changed}, name))

    def put(self, budget: dict[str, Any], name: str = "") -> dict[str, Any]:
        """Have a budget, as Google gives it back: projects by their numbers."""
        self.number += 1
        name = name or f"{ACCOUNT}/budgets/{self.number:08x}"
        projects = [f"projects/{number + 900}" for number, _ in enumerate(budget["budgetFilter"].get("projects", ()))]
        filtered = budget["budgetFilter"] | ({"projects": projects} if projects else {})
        self.budgets[name] = {**budget, "budgetFilter": filtered, "name": name, "etag": f"etag-{self.number}"}
        return self.budgets[name]


def _fault_of(budget: dict[str, Any]) -> str | None:
    wanted = budget["budgetFilter"]
    rule = budget.get("notificationsRule") or {}
    labels = wanted.get("labels") or {}
    is_told = rule.get("monitoringNotificationChannels") or not rule.get("disableDefaultIamRecipients")
    checks = {
        "displayName": len(budget["displayName"]) <= 60,
        "currencyCode": budget["amount"]["specifiedAmount"]["currencyCode"] == CURRENCY,
        "labels": len(labels) <= 1 and all(len(values) == 1 for values in labels.values()),
        "schemaVersion": not rule.get("pubsubTopic") or rule.get("schemaVersion") == "1.0",
        "recipients": not budget.get("thresholdRules") or bool(is_told),
    }
    return next((f"{key} is invalid" for key, is_right in checks.items() if not is_right), None)


def refusal(status: int, code: str, message: str = "") -> Said:
    """Return an answer in Google's form of an error."""
    return Said(status, {"error": {"code": status, "status": code, "message": message}})


@contextmanager
def gcp_budgets_server() -> Iterator[GcpBudgetsServer]:
    """Run the stand-in, with no budget in it, while the block runs."""
    server = GcpBudgetsServer()
    with json_api(server.answer) as url:
        server.url = url
        yield server
