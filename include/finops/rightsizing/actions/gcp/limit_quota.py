"""Limit a quota of a project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.gcp.base import GcpAction
from finops.rightsizing.actions.gcp.calls import Gone, act, read, send
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

PREFERENCE = "finops-budgets-gpus"
"""Id of the preference that is made where a project has none of the quota: Google has one for each at most."""
_PROJECT, _READ, _CHANGE = "resourcemanager.projects.get", "cloudquotas.quotas.get", "cloudquotas.quotas.update"
_CHECKS = ("QUOTA_DECREASE_BELOW_USAGE", "QUOTA_DECREASE_PERCENTAGE_TOO_HIGH")


class LimitQuota(GcpAction):
    """Prefers another value of a quota that the whole project has; undone by the value before.

    What runs goes on: a quota holds for what is new. Google takes no preference away again, and may look at one that
    raises a quota before it grants it. The resource is the project.
    """

    name = "limit_quota"
    summary = "limit a quota of the project"
    parameters: Mapping[str, str] = {
        "service": "whose quota, compute.googleapis.com",
        "quota": "the quota's id",
        "value": "as much as may be used; -1: without a limit",
        "contact": "address of mail that Google may ask when the quota is raised again",
    }
    required: ClassVar[tuple[str, ...]] = ("service", "quota", "value", "contact")
    reads: tuple[str, ...] = (_PROJECT, _READ)
    acts: tuple[str, ...] = (_CHANGE,)
    resource_types: tuple[str, ...] = ("account",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the project's labels, the quota that it has, and its preference."""
        try:
            project = read(change, _PROJECT, send, client, "GET", f"{client.projects_url}/v3/{_project(change)}")
        except Gone:
            return Live(exists=False)
        asked = change.parameters
        at = f"{client.quotas_url}/v1/{_project(change)}/locations/global"
        info = f"{at}/services/{asked.get('service')}/quotaInfos/{asked.get('quota')}"
        try:
            found = read(change, _READ, send, client, "GET", info)
        except Gone:
            found = {}
        whole: dict[str, Any] = next(
            (each for each in found.get("dimensionsInfos", ()) if not each.get("dimensions")), {}
        )
        preference = next(_preferences(client, change, f"{at}/quotaPreferences"), {}) if whole else {}
        value = preference.get("quotaConfig", {}).get("preferredValue")
        facts = {
            "quota": int(whole["details"]["value"]) if whole else None,
            "preference": preference.get("name", ""),
            "preferred": None if value is None else int(value),
            "etag": preference.get("etag", ""),
        }
        return Live(exists=True, state=project.get("state", ""), tags=project.get("labels") or {}, facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse a project that is not in use, and a quota that it does not have as a whole."""
        return first_reason(
            (live.state != "ACTIVE", f"the project is {live.state}"),
            (live.facts["quota"] is None, f"it has no quota {change.parameters['quota']} of the whole project"),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Prefer the value unless that is so."""
        return None if live.facts.get("preferred") == int(change.parameters["value"]) else "prefer"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Change the preference, if it is still as it was read; make one where there is none."""
        if not live.exists:
            raise Rejected("the project is gone since the action began")
        asked, there = change.parameters, live.facts["preference"]
        body = {
            "quotaConfig": {"preferredValue": str(int(asked["value"]))},
            "justification": "A budget is used up, or is in order again",
            "contactEmail": asked["contact"],
        }
        query: dict[str, Any] = {"ignoreSafetyChecks": _CHECKS}
        if there:
            query["updateMask"] = "quotaConfig.preferredValue,justification,contactEmail"
            body |= {"name": there, "etag": live.facts["etag"]}
            address, method = f"{client.quotas_url}/v1/{there}", "PATCH"
        else:
            query["quotaPreferenceId"] = PREFERENCE
            body |= {"service": asked["service"], "quotaId": asked["quota"]}
            address, method = f"{client.quotas_url}/v1/{_project(change)}/locations/global/quotaPreferences", "POST"
        act(change, _CHANGE, send, client, method, address, params=query, json=body)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Prefer what was preferred before; without that, what the quota was."""
        facts = before.facts
        value = facts["quota"] if facts["preferred"] is None else facts["preferred"]
        return with_parameters(change, self.name, **{**change.parameters, "value": value})

    def fallback(self, before: Live, change: Change) -> Change | None:
        """Nothing: its only step is done or not."""
        return None


def _project(change: Change) -> str:
    return f"projects/{change.target.resource_id}"


def _preferences(client: Any, change: Change, address: str) -> Iterator[dict[str, Any]]:
    """Yield the preferences of the quota as the whole project has it."""
    of = {"service": change.parameters["service"], "quotaId": change.parameters["quota"]}
    query = {"pageSize": "100"}
    seen: set[str] = set()
    while True:
        answer = read(change, _READ, send, client, "GET", address, params=query)
        found = (each for each in answer.get("quotaPreferences", ()) if not each.get("dimensions"))
        yield from (each for each in found if of.items() <= each.items())
        token = answer.get("nextPageToken", "")
        if not token or token in seen:
            return
        seen.add(token)
        query["pageToken"] = token
