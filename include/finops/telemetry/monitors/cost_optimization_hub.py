"""AWS's Cost Optimization Hub: one list for all regions and, asked in the management account, all accounts.

It holds what Compute Optimizer recommends and what Cost Explorer does of commitments, and of several for one resource
the best. Compute Optimizer itself would have to be asked region by region and kind by kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from finops.core.errors import BadInput
from finops.policy.telemetry import HubAdvice
from finops.telemetry.asking import Rows
from finops.telemetry.monitors.advice import as_rows, number, recommendation
from finops.telemetry.monitors.aws import Clients, clients_of, one_line

REGION = "us-east-1"
"""The hub has one place."""

_NAME = "Cost Optimization Hub"
_ALLOW = "cost-optimization-hub:ListRecommendations, and enrol the account in Cost Optimization Hub"
_PAGE = 1000
_SOURCES = {"ComputeOptimizer": "compute_optimizer"}
_TYPES = {
    "Ec2Instance": "machine",
    "EbsVolume": "disk",
    "Ec2AutoScalingGroup": "group",
    "SageMakerEndpoint": "endpoint",
    "NatGateway": "address",
}
_ACTIONS = {
    "Rightsize": "resize",
    "Upgrade": "resize",
    "MigrateToGraviton": "resize",
    "Stop": "stop",
    "Delete": "delete",
    "PurchaseSavingsPlans": "commitment",
    "PurchaseReservedInstances": "commitment",
}
_WORDS = {
    "Rightsize": "Change",
    "Upgrade": "Upgrade",
    "MigrateToGraviton": "Migrate to Graviton",
    "Stop": "Stop",
    "Delete": "Delete",
    "ScaleIn": "Scale in",
    "PurchaseSavingsPlans": "Buy a savings plan",
    "PurchaseReservedInstances": "Buy reserved instances",
}


class CostOptimizationHub:
    """The hub of one login."""

    def __init__(self, source: HubAdvice, clients: Clients | None = None) -> None:
        self._source = source
        self._clients = clients or clients_of("cost-optimization-hub")

    def __enter__(self) -> CostOptimizationHub:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ask(self, _day: date, until: datetime) -> Iterator[Rows]:
        """Yield what is recommended now, as of ``until``."""
        with one_line(_NAME, _ALLOW):
            client = self._clients(REGION, self._source.timeout_seconds)
            pages = client.get_paginator("list_recommendations")
            for page in pages.paginate(includeAllRecommendations=False, PaginationConfig={"PageSize": _PAGE}):
                try:
                    yield as_rows([self._row(each, until) for each in page["items"]])
                except (KeyError, TypeError, AttributeError):
                    raise BadInput(f"{_NAME} answers in a form that is not known; correct the connection") from None

    def _row(self, found: Mapping[str, Any], observed_at: datetime) -> dict[str, Any]:
        action, kind = found["actionType"], found.get("currentResourceType") or found["recommendedResourceType"]
        before, after = found.get("currentResourceSummary"), found.get("recommendedResourceSummary")
        is_commitment = _ACTIONS.get(action) == "commitment"
        is_machine = kind == "Ec2Instance"
        refreshed = found.get("lastRefreshTimestamp")
        what = f"{before} to {after}" if before and after and not is_commitment else after or before or kind
        return recommendation(
            observed_at,
            number(found.get("estimatedMonthlySavings")),
            f"{_WORDS.get(action, action)}: {what}",
            {
                "saving_percent": found.get("estimatedSavingsPercentage"),
                "effort": found.get("implementationEffort"),
                "restart_needed": found.get("restartNeeded"),
                "lookback_days": found.get("recommendationLookbackPeriodInDays"),
                "refreshed_at": refreshed and f"{refreshed.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "current": before,
                "recommended": after,
                "aws_type": kind,
            },
            provider="aws",
            recommendation_id=found["recommendationId"],
            resource_id=None if is_commitment else self._source.columns.resource_id.text(_billed(found, kind)),
            resource_type="account" if is_commitment else _TYPES.get(kind, "other"),
            account_id=found["accountId"],
            region=found.get("region"),
            recommended_by=_SOURCES.get(found.get("source", ""), "cost_optimization_hub"),
            action=_action(action, kind),
            current_instance_type=before if is_machine else None,
            recommended_instance_type=after if is_machine and _ACTIONS.get(action) == "resize" else None,
            currency=found.get("currencyCode"),
        )


def _action(action: str, kind: str) -> str:
    if kind == "EbsVolume" and _ACTIONS.get(action) == "resize":
        return "change_volume"
    return _ACTIONS.get(action, "other")


def _billed(found: Mapping[str, Any], kind: str) -> str | None:
    """Return what bills and inventories call a resource: instances and volumes by their id, others by ARN."""
    arn = found.get("resourceArn") or ""
    if kind in ("Ec2Instance", "EbsVolume"):
        return found.get("resourceId") or arn.rpartition("/")[2]
    return arn or found.get("resourceId")
