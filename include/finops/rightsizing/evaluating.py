"""Every rule over every resource, and over what is known of commitments, budgets, incidents and transfer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from finops.rightsizing import judging
from finops.rightsizing.actions import available
from finops.rightsizing.models import Finding, ResourceType, Target
from finops.rightsizing.read import Around
from finops.rightsizing.resource import Known, Resource
from finops.rightsizing.rules import OF_RESOURCES, advice, budgets, commitments, network, told

Found = list[tuple[Finding, str]]
"""Findings, and why each is refused; empty where nothing forbids it."""


def of_resources(resources: Iterable[Resource], known: Known) -> Iterator[tuple[Finding, str]]:
    """Yield the findings of resources one after the other; none of them is kept."""
    off = frozenset(known.rules.off)
    rules = [each for each in OF_RESOURCES if each.__name__ not in off]
    for resource in resources:
        found = [each for rule in rules if (each := rule(resource, known)) is not None and each.rule not in off]
        found = [_doable(each) for each in found]
        told = [advice.opinion(each, resource, known) for each in found] or _advised(resource, known)
        if told:
            refused = [(each, judging.refusal(each, resource, known.rules.protect_tag)) for each in told]
            yield from judging.of_resource(resource, refused)


def _doable(found: Finding) -> Finding:
    """Return a finding whose action the cloud has; without one a person has to decide how."""
    change = found.change
    if change is None or available.has(change.target.provider, change.action):
        return found
    note = f"no action does it on {change.target.provider}: do it by hand"
    return replace(found, change=None, note="; ".join(filter(None, (found.note, note))))


def _advised(resource: Resource, known: Known) -> list[Finding]:
    """Return what the provider alone has found of a resource."""
    found = None if advice.RULE in known.rules.off else advice.provider_recommendation(resource, known)
    return [] if found is None else [found]


def everything(resources: Iterable[Resource], known: Known, around: Around) -> Found:
    """Return all findings. Commitments come last: what is stopped or resized first needs none."""
    found = _by_group(of_resources(resources, known), known)
    tag = known.rules.protect_tag
    for one in around.unlisted:
        found += [(each, judging.refusal(each, one, tag)) for each in _advised(one, known)]
    others: list[Finding] = [
        *network.egress_locality(around.transfers, known),
        *budgets.of_budgets(known.breaches, around.places, known),
        *told.suspected_attacks(around.attacks, known),
        *commitments.found(around.floors, around.commitments, around.endings, known, judging.savings_of(found)),
    ]
    applied = [_doable(each) for each in others if each.rule not in known.rules.off]
    return found + [(each, "") for each in advice.to_commit(applied, around.to_commit, known.rules.off)]


def _by_group(found: Iterable[tuple[Finding, str]], known: Known) -> Found:
    """Return the findings with those that change one scaling group, through its members, as one of the group."""
    groups: dict[tuple[str, Target], list[Finding]] = {}
    others: Found = []
    for finding, refused in found:
        change = finding.change
        if refused or change is None or change.target == finding.target:
            others.append((finding, refused))
        else:
            groups.setdefault((finding.rule, change.target), []).append(finding)
    for (_, target), members in sorted(groups.items(), key=lambda each: (each[0][0], each[0][1].resource_id)):
        first = min(members, key=lambda each: each.target.resource_id)
        whole = replace(
            first,
            target=target,
            resource_type=ResourceType.GROUP,
            monthly_cost=sum((each.monthly_cost for each in members), Decimal(0)),
            monthly_saving=sum((each.monthly_saving for each in members), Decimal(0)),
            confidence=min(each.confidence for each in members),
            evidence=f"{len(members)} of its machines, such as {first.target.resource_id}: {first.evidence}",
            facts={**first.facts, "members": sorted(each.target.resource_id for each in members)},
        )
        others.append((advice.of_group(whole, known), ""))
    return others
