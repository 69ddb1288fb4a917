"""Azure Advisor: its recommendations of the category Cost, subscription by subscription."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from finops.core.errors import BadInput
from finops.policy.telemetry import AdvisorAdvice
from finops.telemetry.asking import Rows
from finops.telemetry.monitors.advice import as_rows, number, recommendation
from finops.telemetry.monitors.azure import Arm, login

_QUERY = {"api-version": "2023-01-01", "$filter": "Category eq 'Cost'"}
_TYPES = {
    "microsoft.compute/virtualmachines": "machine",
    "microsoft.compute/virtualmachinescalesets": "group",
    "microsoft.compute/disks": "disk",
    "microsoft.compute/snapshots": "snapshot",
    "microsoft.network/publicipaddresses": "address",
    "microsoft.network/loadbalancers": "load_balancer",
    "microsoft.network/applicationgateways": "load_balancer",
    "microsoft.storage/storageaccounts": "bucket",
    "microsoft.subscriptions/subscriptions": "account",
}
_UNUSED = re.compile(r"\b(delet|remov|unattached|unused|idle|orphan|not (attached|associated))", re.IGNORECASE)
_MAY_GO = ("disk", "snapshot", "address", "load_balancer")


class AzureAdvisor:
    """The subscriptions of one source; ``credential`` is one of azure-identity's, None leaves it to its own chain."""

    def __init__(self, source: AdvisorAdvice, credential: Any = None) -> None:
        self._source = source
        self._credential = credential

    def __enter__(self) -> AzureAdvisor:
        self._api = Arm(self._source, login(self._source, self._credential))
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def ask(self, _day: date, until: datetime) -> Iterator[Rows]:
        """Yield what is recommended now, as of ``until``; what somebody has dismissed is left out."""
        for subscription in self._source.subscriptions:
            path = f"/subscriptions/{subscription}/providers/Microsoft.Advisor/recommendations"
            for page in self._api.pages(path, _QUERY, "recommendations"):
                try:
                    open_ones = [each for each in page if not each["properties"].get("suppressionIds")]
                    yield as_rows([self._row(each, subscription, until) for each in open_ones])
                except (KeyError, TypeError, AttributeError):
                    raise BadInput(f"{self._api.name} answers as no Azure Advisor does; correct url") from None

    def _row(self, found: Mapping[str, Any], subscription: str, observed_at: datetime) -> dict[str, Any]:
        said = found["properties"]
        more = said.get("extendedProperties") or {}
        kind = _TYPES.get(str(said.get("impactedField", "")).lower(), "other")
        text = said.get("shortDescription") or {}
        title = text.get("solution") or text.get("problem") or "recommendation without a description"
        action = _action(kind, str(more.get("recommendationType", "")), more.get("targetSku"), title)
        resource = (said.get("resourceMetadata") or {}).get("resourceId")
        saving = number(more.get("savingsAmount"))
        if saving is None and (annual := number(more.get("annualSavingsAmount"))) is not None:
            saving = annual / 12
        return recommendation(
            observed_at,
            saving,
            title,
            {
                "impact": said.get("impact"),
                "refreshed_at": said.get("lastUpdated"),
                "type": said.get("recommendationTypeId"),
                "term": more.get("term"),
                "lookback_days": more.get("lookbackPeriod"),
            },
            provider="azure",
            recommendation_id=found["name"],
            resource_id=None if kind == "account" else self._source.columns.resource_id.text(resource),
            resource_type=kind,
            account_id=subscription,
            region=more.get("regionId") or more.get("region"),
            recommended_by="advisor",
            action=action,
            current_instance_type=more.get("currentSku") if kind in ("machine", "group") else None,
            recommended_instance_type=more.get("targetSku") if action == "resize" else None,
            currency=more.get("savingsCurrency"),
        )


def _action(kind: str, said: str, target: str | None, title: str) -> str:
    """Return what is to be done: of machines Advisor says it in a word, of other things in its title alone."""
    if kind == "account":
        return "commitment" if re.search(r"reserv|savings? plan", title, re.IGNORECASE) else "other"
    if said.lower() == "shutdown" or str(target).lower() == "shutdown":
        return "stop"
    if kind in ("machine", "group") and target:
        return "resize"
    return "delete" if kind in _MAY_GO and _UNUSED.search(title) else "other"
