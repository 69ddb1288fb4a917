"""AWS Budgets, played by moto, which lacks changes and subscribers: they are as AWS documents them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto.budgets.models import Budget, budgets_backends
from moto.budgets.responses import BudgetsResponse
from moto.server import ThreadedMotoServer

from servers.proxy import Proxy, proxy_for
from servers.s3 import ACCESS_KEY, SECRET_KEY

ACCOUNT = "210000000001"


@dataclass(frozen=True)
class AwsBudgetsServer:
    """A running AWS Budgets, behind a proxy through which it can be made to fail."""

    proxy: Proxy
    session: boto3.Session

    @property
    def admin(self) -> Any:
        """Return a client of the account's own people."""
        return self.session.client("budgets", region_name="us-east-1", endpoint_url=self.proxy.url)

    def names(self) -> list[str]:
        """Return the names of all budgets."""
        return sorted(each["BudgetName"] for each in self.admin.describe_budgets(AccountId=ACCOUNT).get("Budgets", ()))

    def spent(self, name: str, actual: str, forecast: str) -> None:
        """Let AWS have counted."""
        of = {"ActualSpend": actual, "ForecastedSpend": forecast}
        stored = _stored(name)
        stored.budget["CalculatedSpend"] = {key: {"Amount": value, "Unit": "USD"} for key, value in of.items()}

    def subscribers(self, name: str) -> dict[tuple[str, float], list[str]]:
        """Return who is told at which type and threshold."""
        return {
            (each.details["NotificationType"], each.details["Threshold"]): [one["Address"] for one in each.subscribers]
            for each in _stored(name).notifications
        }


def _stored(name: str) -> Budget:
    [found] = [
        budgets[name]
        for of_account in budgets_backends.values()
        for backend in of_account.values()
        for budgets in backend.budgets.values()
        if name in budgets
    ]
    return found


def _update(self: BudgetsResponse) -> str:
    budget = self._get_param("NewBudget")
    _stored(budget["BudgetName"]).budget = budget
    return json.dumps({})


def _subscribers(self: BudgetsResponse) -> str:
    wanted = self._get_param("Notification")
    found = [each for each in _stored(self._get_param("BudgetName")).notifications if each.details == wanted]
    return json.dumps({"Subscribers": found[0].subscribers if found else []})


@contextmanager
def aws_budgets_server() -> Iterator[AwsBudgetsServer]:
    """Run AWS Budgets, with nothing in it, while the block runs."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BudgetsResponse, "update_budget", _update, raising=False)
        patch.setattr(BudgetsResponse, "describe_subscribers_for_notification", _subscribers, raising=False)
        server.start()
        try:
            with proxy_for("http://{}:{}".format(*server.get_host_and_port())) as proxy:
                yield AwsBudgetsServer(proxy, boto3.Session(ACCESS_KEY, SECRET_KEY, region_name="us-east-1"))
        finally:
            server.stop()
            budgets_backends.reset()
