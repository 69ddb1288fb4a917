"""Google's projects and quota preferences, as Google documents them, with its own refusals."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.cloud_api import CloudApi
from servers.json_api import Said

QUOTA = "GPUS-ALL-REGIONS-per-project"
_OTHERS = [
    {"service": "compute.googleapis.com", "quotaId": "CPUS-per-project-region", "name": "cpus"},
    {"service": "compute.googleapis.com", "quotaId": QUOTA, "dimensions": {"region": "us-east1"}, "name": "regional"},
]
_CHECKS = {"QUOTA_DECREASE_BELOW_USAGE", "QUOTA_DECREASE_PERCENTAGE_TOO_HIGH"}


@dataclass
class GcpQuotas:
    """Projects, how many GPUs each may use, and its preferences of that, by project."""

    projects: dict[str, dict[str, Any]] = field(default_factory=dict)
    quotas: dict[str, int] = field(default_factory=dict)
    preferences: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: int = 0

    def has(self, project: str, quota: int = 16, preferred: int | None = None, **facts: Any) -> None:
        """Have a project; ``preferred`` is what somebody has asked for before."""
        self.projects[project] = {"projectId": project, "state": "ACTIVE", **facts}
        self.quotas[project] = quota
        if preferred is not None:
            self._keep(project, "somebodys", preferred)

    def permission_of(self, method: str, path: str) -> str:
        """Return Google's name of what a request does; empty for one that is of something else."""
        if urlsplit(path).path.startswith("/v3/projects/"):
            return "resourcemanager.projects.get"
        if "/locations/global/" in path:
            return "cloudquotas.quotas.get" if method == "GET" else "cloudquotas.quotas.update"
        return ""

    def serve(self, cloud: CloudApi, permission: str, method: str, path: str, body: Any) -> Said:
        """Answer as Google does."""
        names, query = urlsplit(path).path.strip("/").split("/"), parse_qs(urlsplit(path).query)
        project = names[2]
        if project not in self.projects:
            return cloud.refused(404, "notFound", project)
        if names[0] == "v3":
            return Said(200, self.projects[project])
        if method == "GET" and "quotaInfos" in names:
            return self._info(cloud, project, names)
        if method == "GET":
            return self._listed(project, query)
        return self._prefer(cloud, permission, project, names, query, body)

    def _info(self, cloud: CloudApi, project: str, names: list[str]) -> Said:
        if names[-3:] != ["compute.googleapis.com", "quotaInfos", QUOTA]:
            return cloud.refused(404, "notFound", "/".join(names))
        regional = {"dimensions": {"region": "us-east1"}, "details": {"value": "3"}}
        whole = {"details": {"value": str(self.quotas[project])}, "applicableLocations": ["global"]}
        return Said(200, {"quotaId": QUOTA, "dimensionsInfos": [regional, whole]})

    def _listed(self, project: str, query: dict[str, list[str]]) -> Said:
        if "pageToken" not in query:
            return Said(200, {"quotaPreferences": _OTHERS, "nextPageToken": "more"})
        found = self.preferences.get(project)
        return Said(200, {"quotaPreferences": [found] if found else []})

    def _prefer(
        self, cloud: CloudApi, permission: str, project: str, names: list[str], query: dict[str, list[str]], body: Any
    ) -> Said:
        there, value = self.preferences.get(project), int(body["quotaConfig"]["preferredValue"])
        if value < self.quotas[project] and set(query.get("ignoreSafetyChecks", ())) != _CHECKS:
            return cloud.refused(400, "failedPrecondition", "a decrease of more than 10 percent")
        if value > self.quotas[project] and "@" not in body.get("contactEmail", ""):
            return cloud.refused(400, "invalid", "contactEmail")
        if len(names) == 6:  # A new one.
            if there is not None:
                return cloud.refused(409, "alreadyExists", "there is a preference of this quota")
            if (body["service"], body["quotaId"]) != ("compute.googleapis.com", QUOTA):
                return cloud.refused(400, "invalid", "quotaId")
            name = query["quotaPreferenceId"][0]
        else:
            if there is None or there["name"] != "/".join(names[1:]):
                return cloud.refused(404, "notFound", "/".join(names))
            if body["etag"] != there["etag"] or "quotaConfig.preferredValue" not in query["updateMask"][0]:
                return cloud.refused(409, "aborted", "etag")
            name = names[-1]
        cloud.effects[permission] += 1
        return Said(200, self._keep(project, name, value))

    def _keep(self, project: str, name: str, value: int) -> dict[str, Any]:
        self.made += 1
        self.quotas[project] = value
        self.preferences[project] = {
            "name": f"projects/{project}/locations/global/quotaPreferences/{name}",
            "service": "compute.googleapis.com",
            "quotaId": QUOTA,
            "quotaConfig": {"preferredValue": str(value), "grantedValue": str(value)},
            "etag": f"etag-{self.made}",
        }
        return dict(json.loads(json.dumps(self.preferences[project])))
