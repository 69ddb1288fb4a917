"""What providers recommend themselves: whether they agree with a finding, and what they alone have found.

A provider sees its own measurements and list prices. It does not know what the company pays, what its commitments
cover, nor what its tags say: so nothing is changed because a provider says so, and a person decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from finops.rightsizing.models import Advice, Finding, Level, ResourceType, Target
from finops.rightsizing.proposing import finding, money, share_saved
from finops.rightsizing.resource import Known, Resource

RULE = "provider_recommendation"
AGREES, DIFFERS, RECOMMENDS = "agrees", "differs", "recommends"

_NAMES = {
    "compute_optimizer": "Compute Optimizer",
    "cost_optimization_hub": "Cost Optimization Hub",
    "advisor": "Azure Advisor",
    "recommender": "Google Recommender",
}
_SAME = {
    "stop_machine": ("stop", "delete"),
    "resize_machine": ("resize",),
    "delete_volume": ("delete",),
    "change_volume": ("change_volume",),
    "scale_endpoint": ("resize",),
    "idle_endpoint": ("stop", "delete", "resize"),
    "idle_load_balancer": ("delete",),
    "idle_address": ("delete",),
    "idle_interactive": ("stop",),
    "old_snapshot": ("delete",),
    "backup_cadence": ("delete",),
}
"""What a provider calls an action, or what a rule without one leaves to a person."""
_RISKS = {"delete": Level.HIGH}


def opinion(found: Finding, resource: Resource, known: Known) -> Finding:
    """Return a finding with what the provider recommends for its resource, and whether that is the same."""
    given = _current(resource, known)
    if not given:
        return found
    same = [each for each in given if _is_same(each, found)]
    best = max(same or given, key=_saved)
    return _told(found, best, AGREES if same else DIFFERS)


def of_group(found: Finding, known: Known) -> Finding:
    """Return a finding of a scaling group with what the provider recommends for the group."""
    bare = replace(found, provider_says="", provider_advice="", provider_saving=None)
    given = known.advice.get((found.target.provider, found.target.resource_id), ())
    return _told(bare, max(given, key=_saved), DIFFERS) if given else bare


def provider_recommendation(resource: Resource, known: Known) -> Finding | None:
    """Find what only the provider recommends, at most at what the resource costs. A person decides."""
    made = [each for advice in _current(resource, known) if (each := _found(advice, resource, known)) is not None]
    return max(made, key=lambda each: (each.monthly_saving, each.facts["recommendation"]), default=None)


def to_commit(
    findings: Sequence[Finding], given: Mapping[tuple[str, str], Sequence[Advice]], off: Sequence[str]
) -> Iterator[Finding]:
    """Yield the findings, those to buy commitments with what the provider recommends to buy.

    What a provider recommends alone saves nothing that is known: it is told beside. Of several, such as one year and
    three of the same, one can be bought: the largest is told.
    """
    left = dict(given)
    for each in findings:
        advice = left.pop((each.target.provider, each.currency), None) if each.rule == "buy_commitment" else None
        yield _told(each, max(advice, key=_saved), AGREES) if advice else each
    if RULE not in off:
        yield from (_commitment(*key, max(each, key=_saved)) for key, each in sorted(left.items()))


def _current(resource: Resource, known: Known) -> list[Advice]:
    """Return what is recommended for a resource as it is: one that has another type by now was changed since."""
    given = known.advice.get((resource.target.provider, resource.target.resource_id), ())
    now = resource.instance_type.lower()
    return [each for each in given if not each.current_type or not now or each.current_type.lower() == now]


def _saved(advice: Advice) -> tuple[Decimal, str]:
    return advice.saving or Decimal(0), advice.recommendation


def _is_same(advice: Advice, found: Finding) -> bool:
    what = found.change.action if found.change else found.rule
    if advice.action not in _SAME.get(what, ()):
        return False
    ours = str(found.change.parameters.get("instance_type", "")) if found.change else ""
    return not ours or ours.lower() == advice.wanted_type.lower()


def _told(found: Finding, advice: Advice, says: str) -> Finding:
    saving = advice.saving if advice.currency == found.currency else None
    return replace(found, provider_says=says, provider_advice=_words(advice), provider_saving=saving)


def _words(advice: Advice) -> str:
    saving = "" if advice.saving is None else f", saving {money(advice.saving, advice.currency)} a month by its count"
    return f"{_NAMES.get(advice.by, advice.by)}: {advice.title.rstrip('.')}{saving}"


def _found(advice: Advice, resource: Resource, known: Known) -> Finding | None:
    share = _share(advice, resource, known)
    if share is None:
        return None
    made = finding(
        RULE,
        resource,
        known,
        share,
        f"{_words(advice)}. Nothing of ours says so.",
        {
            "recommendation": advice.recommendation,
            "recommended_by": advice.by,
            "action": advice.action,
            "from": advice.current_type or None,
            "to": advice.wanted_type or None,
            "provider_saving": None if advice.saving is None else f"{advice.saving:.2f}",
            "provider_currency": advice.currency,
        },
        confidence=0.6,
        risk=_RISKS.get(advice.action, Level.MEDIUM),
        effort=Level.MEDIUM,
        note="a person has to look at it: the provider knows neither tags nor commitments",
    )
    return None if made is None else _told(made, advice, RECOMMENDS)


def _share(advice: Advice, resource: Resource, known: Known) -> Decimal | None:
    """Return the part of its cost that a resource would save: what the provider says is the most, if it says so."""
    cost = resource.cost.monthly
    if cost <= 0:
        return None
    stated = advice.saving / cost if advice.saving is not None and advice.currency == resource.currency else None
    shares = [each for each in (stated, _ratio(advice, resource, known)) if each is not None]
    return min(*shares, Decimal(1)) if shares else None


def _ratio(advice: Advice, resource: Resource, known: Known) -> Decimal | None:
    """Return the part that the action saves: of a type by the price catalogue, else what the provider says in percent.

    What a provider counts at list prices is larger than what is saved of what is really paid.
    """
    if advice.action in ("stop", "delete"):
        # A snapshot is made before a disk is deleted, and costs on.
        is_disk = resource.type is ResourceType.DISK
        return 1 - known.rules.storage.snapshot_share if is_disk else Decimal(1)
    new = known.catalogue.get(advice.provider, advice.wanted_type) if advice.wanted_type else None
    by_price = share_saved(known.machine(resource), new) if new is not None else None
    return by_price if by_price is not None else advice.share


def _commitment(provider: str, currency: str, advice: Advice) -> Finding:
    told = Finding(
        rule=RULE,
        target=Target(provider, "", "", "", f"commitments ({currency})"),
        resource_type=ResourceType.ACCOUNT,
        currency=currency,
        monthly_cost=Decimal(0),
        monthly_saving=Decimal(0),
        confidence=0.5,
        risk=Level.HIGH,
        effort=Level.MEDIUM,
        evidence=f"{_words(advice)}. What we know of the bill does not say so.",
        facts={"recommendation": advice.recommendation, "recommended_by": advice.by, "action": advice.action},
        note="a commitment binds for a year or longer",
    )
    return _told(told, advice, RECOMMENDS)
