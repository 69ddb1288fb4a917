"""What budgets ask for once a threshold is reached: throttle, stop, deny. Production is never touched.

``stop`` is of machines, ``throttle`` of scaling groups and endpoints, ``deny`` of accounts. What cannot be told from
what is published, and ``approval``, a person decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from finops.core.providers import Provider
from finops.rightsizing.breaches import Breach, Dimensions, Place
from finops.rightsizing.models import Change, Finding, Level, ResourceType, Target
from finops.rightsizing.proposing import change, finding, money
from finops.rightsizing.resource import DAYS_A_MONTH, Cost, Known, Resource
from finops.rightsizing.rules.endpoints import capacity, scaled

RULE = "budget_breach"
POLICY = "finops-budgets"
"""Name of what denies, in an account; on AWS, where names are the organization's, with the account's."""
_ASKS = {ResourceType.MACHINE: "stop", ResourceType.GROUP: "throttle", ResourceType.ENDPOINT: "throttle"}
_NOTE = "it stays so until somebody undoes it: finops rightsizing rollback ID, once the budget has recovered"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be done to a resource, the part of its cost that this saves, and the same in words."""

    part: Decimal
    change: Change | None
    words: str
    note: str = _NOTE


def budget_breach(resource: Resource, known: Known) -> Finding | None:
    """Find what budgets ask of a resource that is not production; nothing where it is so already."""
    action = _ASKS.get(resource.type)
    breaches = [each for each in known.breaches if each.action == action]
    if not breaches or (asked := _asked(resource)) is None:
        return None
    places, cost = _members(resource, known)
    if not all(is_non_production(each, known) for each in places):
        return None
    covering = [each for each in breaches if all(each.covers(place, resource.currency) for place in places)]
    if not covering:
        return None
    last = max(each.last for each in covering if each.last is not None)
    days = (last - known.run_date).days + 1
    month = min(Decimal(days), DAYS_A_MONTH) / DAYS_A_MONTH
    saving = cost.monthly * (1 - cost.covered) * asked.part * Decimal(days) / DAYS_A_MONTH
    return finding(
        RULE,
        replace(resource, cost=cost, environment=places[0]["environment"]),
        known,
        asked.part * month,
        f"{_texts(covering)} {asked.words} for the {days} days until {last} saves {money(saving, resource.currency)}.",
        {"budgets": [_fact(each) for each in covering], "days_left": days},
        confidence=1.0,
        risk=Level.HIGH if action == "stop" else Level.MEDIUM,
        proposed=asked.change,
        note=asked.note,
    )


def is_non_production(dimensions: Dimensions, known: Known) -> bool:
    """Tell whether the environment is one of those that a budget may throttle and stop. Without one it is not."""
    return dimensions["environment"].casefold() in {each.casefold() for each in known.rules.budgets.non_production}


def _asked(resource: Resource) -> _Asked | None:
    if resource.type is ResourceType.MACHINE:
        return _Asked(Decimal(1), change(resource, "stop_machine"), "Stopped") if resource.is_running else None
    least, present = _sizes(resource)
    if present <= least:
        return None
    part, words = 1 - Decimal(least) / present, f"At {least} instead of {present} machines"
    provider = resource.target.provider
    if resource.type is ResourceType.GROUP:
        # The most, too, so that it does not grow again; Google's autoscalers take no 0 there.
        most = max(least, 1) if provider == Provider.GCP else least
        return _Asked(part, change(resource, "scale_group", minimum=least, maximum=most, desired=least), words)
    return _Asked(part, scaled(resource, least, least), words)


def _sizes(resource: Resource) -> tuple[int, int]:
    """Return the least and the present number of machines of an endpoint or group; the same where one is not known."""
    if resource.type is ResourceType.ENDPOINT:
        return (capacity(resource) or (0, 0, 0))[:2]
    least, present = (str(resource.details.get(name, "")) for name in ("minimum", "desired"))
    return (int(least), int(present)) if least.isdecimal() and present.isdecimal() else (0, 0)


def _members(resource: Resource, known: Known) -> tuple[Sequence[Dimensions], Cost]:
    """Return what a resource is of, and its cost; of a scaling group its machines', where these are billed."""
    own = resource.dimensions
    members = known.members.get((resource.target.provider, resource.target.resource_id))
    if resource.type is not ResourceType.GROUP or members is None:
        return (own,), resource.cost
    cost = replace(
        members.cost,
        effective=members.cost.effective + resource.cost.effective,
        committed=members.cost.committed + resource.cost.committed,
    )
    return (*members.dimensions, *((own,) if own["environment"] else ())), cost


def of_budgets(breaches: Sequence[Breach], places: Sequence[Place], known: Known) -> Iterator[Finding]:
    """Yield what is denied, an account each, and what a person has to decide. Nothing of it saves by itself."""
    denied: dict[tuple[str, str], list[Breach]] = defaultdict(list)
    for each in breaches:
        if each.action == "deny" and not each.why_unknown:
            for cloud in sorted(each.documents):
                if left := each.documents[cloud]["not_expressed"]:
                    yield _decision(
                        each, f"on {cloud} it would deny more than the budget covers: {', '.join(left)}", cloud
                    )
                else:
                    for account in _accounts(each, cloud, places):
                        denied[cloud, account].append(each)
        elif (why := each.why_unknown or _left(each, places)) or each.action == "approval":
            yield _decision(each, why)
    for (cloud, account), those in sorted(denied.items()):
        yield _denial(Target(cloud, account, "", "", account), those, known)


def _left(breach: Breach, places: Sequence[Place]) -> str:
    """Return what a throttle or stop leaves alone since nobody says whether it is production; empty for nothing."""
    count = sum(
        each.count
        for each in places
        if _ASKS.get(each.type) == breach.action
        and not each.dimensions["environment"]
        and breach.covers(each.dimensions, each.currency)
    )
    says = "resources of its scope have no environment and are left alone: tag them, or act by hand"
    return f"{count} {says}" if count else ""


def _accounts(breach: Breach, cloud: str, places: Sequence[Place]) -> list[str]:
    """Return the accounts of a cloud that a budget covers: with resources of its scope, or named by it."""
    scope = breach.scope or {}
    there = {each.dimensions["sub_account_id"] for each in places if each.dimensions["provider"] == cloud}
    found = {
        each.dimensions["sub_account_id"]
        for each in places
        if each.dimensions["provider"] == cloud and breach.covers(each.dimensions, each.currency)
    }
    named = set(scope.get("sub_account_id", ()))
    is_of_cloud = scope.get("provider") == (cloud,)
    return sorted(found | (named if is_of_cloud else named & there) - {""})


def _denial(target: Target, breaches: Sequence[Breach], known: Known) -> Finding:
    documents = [each.documents[target.provider]["document"] for each in breaches]
    made, note = None, _NOTE
    if target.provider == Provider.AWS:
        made = Change("attach_policy", target, {"policy": f"{POLICY}-{target.account}", "document": _of_aws(documents)})
    elif target.provider == Provider.AZURE:
        made = Change("assign_policy", target, {"policy": POLICY, "rule": _of_azure(documents)})
    elif contact := known.rules.budgets.quota_contact:
        quota = {"service": documents[0][0]["service"], "quota": documents[0][0]["quotaId"]}
        made = Change("limit_quota", target, {**quota, "value": 0, "contact": contact})
    else:
        note = "rules.budgets.quota_contact of rightsizing.yml names nobody whom Google may ask when it is undone"
    return _finding(
        target,
        breaches[0],
        f"{_texts(breaches)} New GPU capacity of their scope is denied in {target.account}.",
        {"budgets": [_fact(each) for each in breaches]},
        made,
        note,
    )


def _of_aws(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one policy with the statements of all; their ids have to be different."""
    found: list[dict[str, Any]] = []
    for number, document in enumerate(documents):
        found += [{**each, "Sid": f"{each['Sid']}{number or ''}"} for each in document["Statement"]]
    return {"Version": documents[0]["Version"], "Statement": found}


def _of_azure(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    rules = [dict(each["properties"]["policyRule"]) for each in documents]
    return rules[0] if len(rules) == 1 else {"if": {"anyOf": [each["if"] for each in rules]}, "then": rules[0]["then"]}


def _decision(breach: Breach, why: str, cloud: str = "") -> Finding:
    target = Target(cloud, "", "", "", f"{breach.budget} {breach.first} {breach.action}")
    return _finding(target, breach, f"{breach.text}.", {"budgets": [_fact(breach)]}, None, why)


def _finding(
    target: Target, breach: Breach, evidence: str, facts: Mapping[str, Any], made: Change | None, note: str
) -> Finding:
    return Finding(
        rule=RULE,
        target=target,
        resource_type=ResourceType.ACCOUNT,
        currency=breach.currency,
        monthly_cost=Decimal(0),
        monthly_saving=Decimal(0),
        confidence=1.0,
        risk=Level.HIGH if breach.action in ("stop", "deny") else Level.MEDIUM,
        effort=Level.LOW,
        evidence=evidence,
        facts=facts,
        change=made,
        note=note,
        owner=breach.owner,
    )


def _texts(breaches: Sequence[Breach]) -> str:
    return " ".join(f"Budget {each.budget} from {each.first}: {each.text}." for each in breaches)


def _fact(breach: Breach) -> dict[str, str]:
    return {
        "budget": breach.budget,
        "period_first": breach.first,
        "period_last": str(breach.last or ""),
        "threshold": breach.threshold,
        "action": breach.action,
    }
