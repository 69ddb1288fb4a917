"""Throw away the parts of uploads that nobody has finished."""

from __future__ import annotations

from collections.abc import Mapping

from finops.rightsizing.actions.aws.lifecycle import LifecycleAction, Rule
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change

RULE = "finops-abort-uploads"
_USUAL_DAYS = 7


class AbortUploads(LifecycleAction):
    """A lifecycle rule of its own; undone by taking it away."""

    name = "abort_uploads"
    summary = "throw away parts of unfinished uploads"
    parameters: Mapping[str, str] = {"after_days": f"their age in days, {_USUAL_DAYS} where it is not said"}

    def wanted(self, change: Change) -> list[Rule]:
        """Return the one rule."""
        days = int(change.parameters.get("after_days", _USUAL_DAYS))
        abort = {"DaysAfterInitiation": days}
        return [{"ID": RULE, "Status": "Enabled", "Filter": {"Prefix": ""}, "AbortIncompleteMultipartUpload": abort}]

    def objection(self, live: Live, change: Change) -> str:
        """Refuse an age below one day, which would hit uploads that are under way."""
        if int(change.parameters.get("after_days", _USUAL_DAYS)) < 1:
            return "after_days is below 1"
        return super().objection(live, change)
