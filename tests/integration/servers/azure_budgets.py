"""Azure's budgets of a scope, in the form that Microsoft documents (api-version 2024-08-01), with its own refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.json_api import Said, json_api

VERSION = "2024-08-01"
SUBSCRIPTION = "/subscriptions/11111111-2222-3333-4444-555555555555"
_GRAINS = ("Monthly", "Quarterly", "Annually")


@dataclass
class AzureBudgetsServer:
    """A running stand-in: its budgets by name as Azure gives them, and the methods and names that it was asked for."""

    url: str = ""
    budgets: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Said] = field(default_factory=list)
    """Answered instead, the first first; a request takes one."""
    tags: int = 0

    def answer(self, request: BaseHTTPRequestHandler, body: Any) -> Said:
        """Answer a request as Azure does."""
        parts = urlsplit(request.path)
        folder = f"{SUBSCRIPTION}/providers/Microsoft.Consumption/budgets"
        name = parts.path.removeprefix(folder).strip("/")
        self.requests.append((request.command, name))
        if self.faults:
            return self.faults.pop(0)
        if not parts.path.startswith(folder) or parse_qs(parts.query).get("api-version") != [VERSION]:
            return refusal(400, "InvalidResourceType", "unknown scope or api-version")
        if request.headers.get("Authorization") != "Bearer azure-token":
            return refusal(401, "AuthenticationFailed", "no token")
        if request.command == "GET":
            return Said(200, {"value": list(self.budgets.values())})
        if request.command == "DELETE":
            return Said(200 if self.budgets.pop(name, None) else 204, {})
        return self._put(name, body)

    def _put(self, name: str, body: dict[str, Any]) -> Said:
        before = self.budgets.get(name)
        if before and body.get("eTag") != before["eTag"]:
            return refusal(412, "PreconditionFailed", "the eTag is not that of the latest version")
        if fault := _fault_of(name, body["properties"], before):
            return refusal(400, "InvalidBudget", fault)
        spent = {"amount": 0, "unit": "USD"}
        known = (before or {}).get("properties", {}).get("currentSpend", spent)
        for each in (body["properties"].get("notifications") or {}).values():
            # Azure has ids in a case of its own.
            each["contactGroups"] = [group.lower() for group in each.get("contactGroups") or ()]
        self.put(name, {**body["properties"], "currentSpend": known})
        return Said(200 if before else 201, self.budgets[name])

    def put(self, name: str, properties: dict[str, Any]) -> None:
        """Have a budget, as it is then."""
        self.tags += 1
        where = f"{SUBSCRIPTION}/providers/Microsoft.Consumption/budgets/{name}"
        head = {"id": where, "name": name, "type": "Microsoft.Consumption/budgets", "eTag": f'"{self.tags}"'}
        self.budgets[name] = head | {"properties": properties}


def _fault_of(name: str, asked: dict[str, Any], before: dict[str, Any] | None) -> str | None:
    start = datetime.fromisoformat(asked["timePeriod"]["startDate"])
    told = asked.get("notifications") or {}
    checks = {
        "name": len(name) <= 63 and all(each.isalnum() or each in "-_" for each in name),
        "category": asked["category"] == "Cost",
        "timeGrain": asked["timeGrain"] in _GRAINS,
        "amount": isinstance(asked["amount"], int | float) and asked["amount"] > 0,
        "startDate": start.day == 1 and (before is None or _start_of(before) == start),
        "filter": len((asked.get("filter") or {}).get("and") or ["", ""]) >= 2,
        "notifications": len(told) <= 5,
        "contacts": all(each["contactEmails"] or each.get("contactGroups") for each in told.values()),
        "threshold": all(0 <= each["threshold"] <= 1000 for each in told.values()),
    }
    return next((f"{key} is invalid" for key, is_right in checks.items() if not is_right), None)


def _start_of(budget: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(budget["properties"]["timePeriod"]["startDate"])


def refusal(status: int, code: str, message: str = "", **headers: str) -> Said:
    """Return an answer in Azure's form of an error."""
    return Said(status, {"error": {"code": code, "message": message}}, tuple(headers.items()))


@contextmanager
def azure_budgets_server() -> Iterator[AzureBudgetsServer]:
    """Run the stand-in, with no budget in it, while the block runs."""
    server = AzureBudgetsServer()
    with json_api(server.answer) as url:
        server.url = url
        yield server
