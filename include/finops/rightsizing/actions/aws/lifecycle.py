"""The lifecycle rules of a bucket: read, merged by id, and put back, because a put replaces all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from finops.rightsizing.actions.aws.base import AwsAction, tags_of, with_parameters
from finops.rightsizing.actions.aws.calls import AwsAccount, Gone, act, read
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

Rule = Mapping[str, Any]
_MOST_RULES = 1000


class LifecycleAction(AwsAction):
    """What merges rules into a bucket's own. A subclass says which: ``wanted`` and ``unwanted``."""

    reads: tuple[str, ...] = ("s3:GetLifecycleConfiguration", "s3:GetBucketTagging", "s3:GetBucketVersioning")
    acts: tuple[str, ...] = ("s3:PutLifecycleConfiguration",)
    resource_types: tuple[str, ...] = ("bucket",)

    def wanted(self, change: Change) -> list[Rule]:
        """Return the rules that shall be there, as S3 has them."""
        raise NotImplementedError

    def unwanted(self, change: Change) -> Sequence[str]:
        """Return the ids of rules that shall not be there."""
        return ()

    def observe(self, client: Any, change: Change) -> Live:
        """Read the bucket's rules, tags and versioning."""
        bucket = short(change.target.resource_id)
        try:
            versioning = read(client, change, "s3:GetBucketVersioning", Bucket=bucket).get("Status", "")
        except Gone:
            return Live(exists=False)
        tags = _absent_is_empty(client, change, "s3:GetBucketTagging", "NoSuchTagSet").get("TagSet")
        found = _absent_is_empty(client, change, "s3:GetLifecycleConfiguration", "NoSuchLifecycleConfiguration")
        facts = {
            # What JSON can hold: S3 tells dates as moments.
            "rules": json.loads(json.dumps(found.get("Rules", []), default=lambda moment: moment.isoformat())),
            "minimum_size": found.get("TransitionDefaultMinimumObjectSize"),
            "versioning": versioning,
        }
        return Live(exists=True, tags=tags_of(tags), facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse what would leave old versions costing, and more rules than S3 takes."""
        wanted = self.wanted(change)
        if live.facts["versioning"] and any("Expiration" in rule for rule in wanted):
            return "it keeps versions: deleted objects would cost on, and deleting versions is for a person to decide"
        if len(_merged(live.facts["rules"], wanted, self.unwanted(change))) > _MOST_RULES:
            return f"it would have more than {_MOST_RULES} rules"
        return ""

    def next_step(self, live: Live, change: Change) -> str | None:
        """Put the rules unless they are there as wanted."""
        there = {rule.get("ID"): _normal(rule) for rule in live.facts.get("rules", [])}
        is_there = all(there.get(rule["ID"]) == _normal(rule) for rule in self.wanted(change))
        return None if is_there and not any(each in there for each in self.unwanted(change)) else "put"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Put the merged rules; S3 takes no empty set, so the last rule goes with the configuration."""
        if not live.exists:
            raise Rejected(f"the bucket {change.target.resource_id} is gone since the action began")
        bucket = short(change.target.resource_id)
        rules = _merged(live.facts["rules"], self.wanted(change), self.unwanted(change))
        permission = "s3:PutLifecycleConfiguration"
        if not rules:
            act(client, change, permission, method="delete_bucket_lifecycle", Bucket=bucket)
            return
        minimum = live.facts["minimum_size"]
        kept = {"TransitionDefaultMinimumObjectSize": minimum} if minimum else {}
        act(client, change, permission, Bucket=bucket, LifecycleConfiguration={"Rules": rules}, **kept)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Put back the rules of these ids as they were, and take away those that were not there."""
        touched = [*(rule["ID"] for rule in self.wanted(change)), *self.unwanted(change)]
        earlier = {rule.get("ID"): rule for rule in before.facts["rules"]}
        put_back = [earlier[each] for each in touched if each in earlier]
        remove = [each for each in touched if each not in earlier]
        return with_parameters(change, "set_lifecycle", put_back=put_back or None, remove=remove or None)


def _merged(there: Sequence[Rule], wanted: Sequence[Rule], unwanted: Sequence[str]) -> list[Rule]:
    """Return every rule, the wanted in place of those of their id. All by filter: S3 takes no mixture with prefixes."""
    new = {rule["ID"]: rule for rule in wanted}
    kept = [rule for rule in there if rule.get("ID") not in new and rule.get("ID") not in unwanted]
    return [_by_filter(rule) for rule in (*kept, *new.values())]


def _by_filter(rule: Rule) -> Rule:
    if "Prefix" not in rule:
        return rule
    return {**{name: value for name, value in rule.items() if name != "Prefix"}, "Filter": {"Prefix": rule["Prefix"]}}


def _normal(rule: Rule) -> Rule:
    by_filter = dict(_by_filter(rule))
    by_filter["Filter"] = by_filter.get("Filter") or {"Prefix": ""}
    return by_filter


def _absent_is_empty(account: AwsAccount, change: Change, permission: str, code: str) -> dict[str, Any]:
    try:
        return read(account, change, permission, Bucket=short(change.target.resource_id))
    except Gone:
        return {}
    except Rejected as error:
        if code not in str(error):
            raise
        return {}
