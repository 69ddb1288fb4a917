"""Archive and delete a bucket's objects by age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from finops.rightsizing.actions.aws.lifecycle import LifecycleAction, Rule
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change


class SetLifecycle(LifecycleAction):
    """Merges rules by id into those that are there; undone by the rules of these ids as they were."""

    name = "set_lifecycle"
    summary = "set lifecycle rules of the bucket"
    parameters: Mapping[str, str] = {
        "rules": "list of id, prefix, archive_after_days, delete_after_days, abort_uploads_after_days",
        "put_back": "rules as S3 had them, to undo",
        "remove": "ids of rules to take away, to undo",
    }

    def wanted(self, change: Change) -> list[Rule]:
        """Return the rules in S3's form."""
        return [*map(_rule, change.parameters.get("rules", ())), *change.parameters.get("put_back", ())]

    def unwanted(self, change: Change) -> Sequence[str]:
        """Return what is to be taken away."""
        return tuple(change.parameters.get("remove", ()))

    def objection(self, live: Live, change: Change) -> str:
        """Refuse rules that make no sense, and as every lifecycle does."""
        if not change.parameters:
            return "its parameter rules is missing"
        ids = [rule.get("id") for rule in change.parameters.get("rules", ())]
        if not all(ids) or len(set(ids)) < len(ids):
            return "its rules have no id, or the same one twice"
        reasons = (_why_not(rule) for rule in change.parameters.get("rules", ()))
        return next(filter(None, reasons), "") or super().objection(live, change)


def _why_not(rule: Mapping[str, Any]) -> str:
    days = [rule.get(name) for name in ("archive_after_days", "delete_after_days", "abort_uploads_after_days")]
    archive, delete, _ = days
    if not any(days) or any(each is not None and int(each) < 1 for each in days):
        return f"the rule {rule['id']} says of no age of one day or more what happens"
    if archive and delete and int(delete) <= int(archive):
        return f"the rule {rule['id']} deletes after {delete} days, before it archives"
    return ""


def _rule(rule: Mapping[str, Any]) -> Rule:
    found: dict[str, Any] = {"ID": rule["id"], "Status": "Enabled", "Filter": {"Prefix": rule.get("prefix", "")}}
    if days := rule.get("archive_after_days"):
        found["Transitions"] = [{"Days": int(days), "StorageClass": "GLACIER"}]
    if days := rule.get("delete_after_days"):
        found["Expiration"] = {"Days": int(days)}
    if days := rule.get("abort_uploads_after_days"):
        found["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": int(days)}
    return found
