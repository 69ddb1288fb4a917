"""Azure Machine Learning's workspaces with their online endpoints, and autoscale settings, with Azure's refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from servers.cloud_api import CloudApi
from servers.json_api import Said

LOCATION = "eastus"
_ML, _INSIGHTS = "microsoft.machinelearningservices", "microsoft.insights"
_FOLDERS = ("workspaces", "onlineEndpoints", "deployments")
_VERSIONS = {_ML: "2024-10-01", _INSIGHTS: "2022-10-01"}
_VERBS = {"GET": "read", "PATCH": "write"}


@dataclass
class AzureServing:
    """What there is, by id in lower case; ``settings`` are in the order in which they were made, two on a page."""

    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: list[dict[str, Any]] = field(default_factory=list)

    def has(self, resource_id: str, properties: dict[str, Any], **more: Any) -> str:
        """Have a workspace, an endpoint or a deployment; return its id."""
        made = {"id": resource_id, "name": resource_id.rpartition("/")[2], "location": LOCATION}
        self.found[resource_id.lower()] = {**made, "properties": properties, **more}
        return resource_id

    def permission_of(self, method: str, path: str) -> str:
        """Return Azure's name of what a request does; empty for one that is of something else."""
        provider, folders = _parts(path)
        if provider == _INSIGHTS and folders[0] == "autoscalesettings":
            return f"Microsoft.Insights/autoscaleSettings/{_VERBS[method]}"
        if provider != _ML:
            return ""
        if folders[0] == "locations":
            return "Microsoft.MachineLearningServices/locations/mfeOperationsStatus/read"
        return f"Microsoft.MachineLearningServices/{'/'.join(_FOLDERS[: len(folders) // 2])}/{_VERBS[method]}"

    def serve(self, cloud: CloudApi, permission: str, method: str, path: str, body: Any) -> Said:
        """Answer as Azure does."""
        provider, folders = _parts(path)
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        if query.get("api-version") != _VERSIONS[provider]:
            return cloud.refused(400, "InvalidApiVersionParameter", str(query))
        if folders[0] == "locations":
            return self._operation(cloud, folders[3])
        where = unquote(urlsplit(path).path).lower()
        if provider == _INSIGHTS:
            return self._scaled(cloud, permission, method, where, query, body)
        if where not in self.found:
            return cloud.refused(404, "ResourceNotFound", where)
        if method == "GET":
            cloud.look_at(where)
            return Said(200, self.found[where])
        return self._resized(cloud, permission, where, body)

    def _resized(self, cloud: CloudApi, permission: str, where: str, body: Any) -> Said:
        deployment = self.found[where]
        number = body["sku"]["capacity"] if set(body) == {"sku"} and set(body["sku"]) == {"capacity"} else 0
        if permission.split("/")[-2] != "deployments" or not isinstance(number, int) or number < 1:
            return cloud.refused(400, "BadArgument", "sku")
        if cloud.is_busy(where):
            return cloud.refused(409, "Conflict", "another operation is in progress")
        is_full = cloud.fault == "no_capacity"
        error = ("OutOfCapacity", "Not enough capacity for the specified VM size.") if is_full else None
        cloud.effects[permission] += error is None
        deployment["properties"]["provisioningState"] = "Updating"

        def finish() -> None:
            deployment["properties"]["provisioningState"] = "Failed" if error else "Succeeded"
            if error is None:
                deployment["sku"]["capacity"] = number

        operation = cloud.begin(where, finish, error=error)
        folder = f"{cloud.url}/subscriptions/x/providers/Microsoft.MachineLearningServices/locations/{LOCATION}"
        address = f"{folder}/mfeOperationsStatus/{operation.name}?api-version={_VERSIONS[_ML]}"
        return Said(202, None, (("Azure-AsyncOperation", address), ("Location", address), ("Retry-After", "0")))

    def _operation(self, cloud: CloudApi, name: str) -> Said:
        operation = cloud.operations[name]
        cloud.look([operation])
        if not operation.is_done:
            return Said(200, {"status": "InProgress"})
        if operation.error is None:
            return Said(200, {"status": "Succeeded"})
        code, text = operation.error
        return Said(200, {"status": "Failed", "error": {"code": code, "message": text}})

    def _scaled(
        self, cloud: CloudApi, permission: str, method: str, where: str, query: dict[str, str], body: Any
    ) -> Said:
        if method == "GET":
            first = int(query.get("$skiptoken", 0))
            content: dict[str, Any] = {"value": self.settings[first : first + 2]}
            if first + 2 < len(self.settings):
                link = f"{cloud.url}{where}?api-version={query['api-version']}&%24skiptoken={first + 2}"
                content["nextLink"] = link
            return Said(200, content)
        setting = next((each for each in self.settings if each["id"].lower() == where), None)
        if setting is None:
            return cloud.refused(404, "ResourceNotFound", where)
        for profile in body["properties"]["profiles"]:
            least, usual, most = (profile["capacity"][name] for name in ("minimum", "default", "maximum"))
            if not all(isinstance(each, str) for each in (least, usual, most)):
                return cloud.refused(400, "BadRequest", "capacity is of texts")
            if not int(least) <= int(usual) <= int(most):
                return cloud.refused(400, "InvalidCapacity", str(profile["capacity"]))
        cloud.effects[permission] += setting["properties"] != body["properties"]
        setting["properties"] = body["properties"]
        return Said(200, setting)


def _parts(path: str) -> tuple[str, list[str]]:
    """Return the provider of what a path names, and the folders below it; the provider in small letters."""
    provider, *folders = unquote(urlsplit(path).path).partition("/providers/")[2].split("/")
    return provider.lower(), folders if folders[1:] else [*folders, ""]
