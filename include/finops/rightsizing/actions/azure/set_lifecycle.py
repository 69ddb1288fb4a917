"""Archive and delete the blobs of a storage account by age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from finops.rightsizing.actions.azure.base import AzureAction
from finops.rightsizing.actions.azure.calls import Gone, act, read
from finops.rightsizing.actions.azure.names import name_of
from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

Rule = Mapping[str, Any]
KIND = "microsoft.storage/storageaccounts"
_GET = "Microsoft.Storage/storageAccounts/read"
_GET_POLICY = "Microsoft.Storage/storageAccounts/managementPolicies/read"
_PUT = "Microsoft.Storage/storageAccounts/managementPolicies/write"
_DELETE = "Microsoft.Storage/storageAccounts/managementPolicies/delete"
_POLICY = "default"
_MOST_RULES = 100
_ARCHIVES = ("Standard_LRS", "Standard_GRS", "Standard_RAGRS")


class SetLifecycle(AzureAction):
    """Merges rules by name into those that are there; undone by the rules of these names as they were.

    Azure gives a policy no version to hold a put to: what another changes between reading and putting is lost.
    """

    name = "set_lifecycle"
    summary = "set lifecycle rules of the storage account"
    parameters: Mapping[str, str] = {
        "rules": "list of id, prefix (container and what blobs begin with), archive_after_days, delete_after_days",
        "put_back": "rules as Azure had them, to undo",
        "remove": "names of rules to take away, to undo",
    }
    reads: tuple[str, ...] = (_GET, _GET_POLICY)
    acts: tuple[str, ...] = (_PUT, _DELETE)
    resource_types: tuple[str, ...] = ("bucket",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the account and its rules."""
        where = name_of(change, KIND)
        accounts, policies = client.storage.storage_accounts, client.storage.management_policies
        try:
            account = read(change, _GET, accounts.get_properties, where.group, where.name).as_dict()
        except Gone:
            return Live(exists=False)
        try:
            policy = read(change, _GET_POLICY, policies.get, where.group, where.name, _POLICY).as_dict()
        except Gone:
            policy = {}
        facts = {
            "rules": policy.get("properties", {}).get("policy", {}).get("rules", []),
            "kind": account.get("kind", ""),
            "sku": account.get("sku", {}).get("name", ""),
        }
        return Live(exists=True, tags=account.get("tags") or {}, facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse rules that make no sense, and what the account cannot do."""
        rules = change.parameters.get("rules", ())
        ids = [rule.get("id") for rule in rules]
        archives = any(rule.get("archive_after_days") for rule in rules)
        merged = _merged(live.facts["rules"], _wanted(change), _unwanted(change))
        return first_reason(
            (not change.parameters, "its parameter rules is missing"),
            (not all(ids) or len(set(ids)) < len(ids), "its rules have no id, or the same one twice"),
            *((reason, reason) for reason in map(_why_not, rules)),
            (
                archives and (live.facts["sku"] not in _ARCHIVES or live.facts["kind"] == "Storage"),
                f"an account of {live.facts['kind']} {live.facts['sku']} cannot archive",
            ),
            (len(merged) > _MOST_RULES, f"it would have more than {_MOST_RULES} rules"),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Put the rules unless they are there as wanted."""
        there = {rule.get("name"): rule for rule in live.facts.get("rules", [])}
        is_there = all(_holds(there.get(rule["name"]), rule) for rule in _wanted(change))
        return None if is_there and not any(each in there for each in _unwanted(change)) else "put"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Put the merged rules; Azure takes no empty set, so the last rule goes with the policy."""
        if not live.exists:
            raise Rejected("the storage account is gone since the action began")
        where, policies = name_of(change, KIND), client.storage.management_policies
        rules = _merged(live.facts["rules"], _wanted(change), _unwanted(change))
        if not rules:
            act(change, _DELETE, policies.delete, where.group, where.name, _POLICY)
            return
        policy = {"properties": {"policy": {"rules": rules}}}
        act(change, _PUT, policies.create_or_update, where.group, where.name, _POLICY, policy)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Put back the rules of these names as they were, and take away those that were not there."""
        touched = [*(rule["name"] for rule in _wanted(change)), *_unwanted(change)]
        earlier = {rule.get("name"): rule for rule in before.facts["rules"]}
        put_back = [earlier[each] for each in touched if each in earlier]
        remove = [each for each in touched if each not in earlier]
        return with_parameters(change, self.name, put_back=put_back or None, remove=remove or None)


def _wanted(change: Change) -> list[Rule]:
    return [*map(_rule, change.parameters.get("rules", ())), *change.parameters.get("put_back", ())]


def _unwanted(change: Change) -> Sequence[str]:
    return tuple(change.parameters.get("remove", ()))


def _merged(there: Sequence[Rule], wanted: Sequence[Rule], unwanted: Sequence[str]) -> list[Rule]:
    new = {rule["name"]: rule for rule in wanted}
    kept = [rule for rule in there if rule.get("name") not in new and rule.get("name") not in unwanted]
    return [*kept, *new.values()]


def _why_not(rule: Rule) -> str:
    archive, delete = rule.get("archive_after_days"), rule.get("delete_after_days")
    if rule.get("abort_uploads_after_days"):
        return f"the rule {rule.get('id')} ends uploads: Azure drops uncommitted blocks after a week by itself"
    if not (archive or delete) or any(each is not None and int(each) < 1 for each in (archive, delete)):
        return f"the rule {rule.get('id')} says of no age of one day or more what happens"
    if not str(rule.get("id")).replace("-", "").isalnum():
        return f"the rule {rule.get('id')}: a name has letters, digits and -"
    if archive and delete and int(delete) <= int(archive):
        return f"the rule {rule.get('id')} deletes after {delete} days, before it archives"
    return ""


def _rule(rule: Rule) -> Rule:
    days = {"tierToArchive": rule.get("archive_after_days"), "delete": rule.get("delete_after_days")}
    actions = {name: {"daysAfterModificationGreaterThan": int(age)} for name, age in days.items() if age}
    prefix = {"prefixMatch": [rule["prefix"]]} if rule.get("prefix") else {}
    definition = {"actions": {"baseBlob": actions}, "filters": {"blobTypes": ["blockBlob"], **prefix}}
    return {"enabled": True, "name": rule.get("id", ""), "type": "Lifecycle", "definition": definition}


def _holds(there: Any, wanted: Any) -> bool:
    """Return whether all that is wanted is there; numbers may be told as decimals."""
    if isinstance(wanted, Mapping):
        return isinstance(there, Mapping) and all(_holds(there.get(name), value) for name, value in wanted.items())
    return bool(there == wanted)
