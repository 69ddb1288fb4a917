"""What incidents propose: to limit traffic that is suspected to be an attack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.rightsizing.models import Change, Finding, Level, ResourceType, Target
from finops.rightsizing.resource import Known


@dataclass(frozen=True, slots=True)
class Attack:
    """An open incident of ``mart_incidents`` that is a suspected attack, and the resource that it goes to."""

    currency: str
    incident: str
    provider: str
    account: str
    region: str
    resource_id: str
    owner: str
    title: str
    actual_cost: Decimal
    avoided_cost: Decimal
    mitigation: str
    times: float | None
    sources_percent: float | None


def suspected_attacks(attacks: Sequence[Attack], known: Known) -> Iterator[Finding]:
    """Yield a limit of requests for each; a decision where no web ACL is configured for the resource or its account.

    The saving is what the mitigation avoids, at most what the incident has cost: an attack does not last a month.
    """
    for each in attacks:
        acl = known.rules.web_acls.get(each.resource_id) or known.rules.web_acls.get(each.account)
        target = Target(each.provider, each.account, each.region, "", each.resource_id)
        parameters = {"web_acl": acl, "limit_per_5_minutes": known.rules.attack_limit}
        traffic = "" if each.times is None else f"; {each.times:.1f} times the usual requests"
        sources = "" if each.sources_percent is None else f", {each.sources_percent:.0f} % of them from few sources"
        yield Finding(
            rule="suspected_attack",
            target=target,
            resource_type=ResourceType.ENDPOINT,
            currency=each.currency,
            monthly_cost=max(each.actual_cost, Decimal(0)),
            monthly_saving=max(min(each.avoided_cost, each.actual_cost), Decimal(0)),
            confidence=0.7,
            risk=Level.MEDIUM,
            effort=Level.LOW,
            evidence=f"{each.title}{traffic}{sources}.",
            facts={"incident": each.incident, "mitigation": each.mitigation},
            change=Change("limit_requests", target, parameters) if acl else None,
            note=each.mitigation
            if acl
            else f"{each.mitigation}; rules.web_acls of rightsizing.yml names no web ACL for it",
            owner=each.owner,
        )
