"""Google's Recommender: what its recommenders of costs say of the projects and places of a source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from finops.core.errors import BadInput
from finops.policy.telemetry import RecommenderAdvice
from finops.telemetry.asking import Rows
from finops.telemetry.monitors.advice import as_rows, recommendation
from finops.telemetry.monitors.google import GoogleApi, login

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)

_PAGE = "500"
_MONTH = 730 * 3600.0
_COMPUTE = "//compute.googleapis.com/"
_ZONE = re.compile(r"-[a-z]$")
_KINDS = {
    "google.compute.instance.": "machine",
    "google.compute.disk.": "disk",
    "google.compute.address.": "address",
    "google.compute.commitment.": "account",
}
_RESOURCES = {
    "machine": "compute.googleapis.com/Instance",
    "disk": "compute.googleapis.com/Disk",
    "address": "compute.googleapis.com/Address",
}
_ACTIONS = (("STOP", "stop"), ("CHANGE_MACHINE_TYPE", "resize"), ("DELETE", "delete"))

Operation = Mapping[str, Any]


class GcpRecommender:
    """The projects of one source; ``credentials`` are google-auth's, None leaves them to its own chain."""

    def __init__(self, source: RecommenderAdvice, credentials: Any = None) -> None:
        self._source = source
        self._credentials = credentials
        self._numbers: dict[str, dict[str, str]] = {}

    def __enter__(self) -> GcpRecommender:
        found = login(self._source, self._credentials, SCOPES)
        self._api = GoogleApi(self._source, found)
        self._compute = GoogleApi(self._source.model_copy(update={"url": self._source.compute_url}), found)
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()
        self._compute.close()

    def ask(self, _day: date, until: datetime) -> Iterator[Rows]:
        """Yield what is recommended now and would save something, as of ``until``."""
        for project in self._source.projects:
            for recommender in self._source.recommenders:
                for place in self._source.locations:
                    if _has(recommender, place):
                        yield from self._of_place(project, recommender, place, until)

    def _of_place(self, project: str, recommender: str, place: str, observed_at: datetime) -> Iterator[Rows]:
        path = f"/v1/projects/{quote(project, safe=':')}/locations/{place}/recommenders/{recommender}/recommendations"
        for content in self._api.pages(path, {"pageSize": _PAGE, "filter": "stateInfo.state=ACTIVE"}):
            try:
                rows = [
                    self._row(each, project, recommender, place, saving, observed_at)
                    for each in content.get("recommendations") or ()
                    if (saving := _saving(each)) > 0
                ]
            except (KeyError, TypeError, ValueError, AttributeError):
                raise BadInput(f"{self._api.name} answers as no Recommender does; correct url") from None
            yield as_rows(rows)

    def _row(
        self,
        found: Mapping[str, Any],
        project: str,
        recommender: str,
        place: str,
        saving: float,
        observed_at: datetime,
    ) -> dict[str, Any]:
        kind = next((kind for start, kind in _KINDS.items() if recommender.startswith(start)), "other")
        subtype = str(found.get("recommenderSubtype", ""))
        operations = [
            each for group in found["content"].get("operationGroups") or () for each in group.get("operations") or ()
        ]
        action = "commitment" if kind == "account" else next((to for has, to in _ACTIONS if has in subtype), "other")
        before, after = _machine_types(operations)
        return recommendation(
            observed_at,
            saving,
            found["description"],
            {"subtype": subtype, "priority": found.get("priority"), "refreshed_at": found.get("lastRefreshTime")},
            provider="gcp",
            recommendation_id=found["name"].rpartition("/")[2],
            resource_id=self._resource(kind, operations),
            resource_type=kind,
            account_id=project,
            region=_ZONE.sub("", place),
            recommended_by="recommender",
            action=action,
            current_instance_type=before,
            recommended_instance_type=after,
            currency=found["primaryImpact"]["costProjection"]["cost"].get("currencyCode"),
        )

    def _resource(self, kind: str, operations: list[Operation]) -> str | None:
        """Return what the bill calls a resource: Recommender has its name, bills have its number."""
        names = (each["resource"] for each in operations if each.get("resourceType") == _RESOURCES.get(kind))
        name = next((each for each in names if each.startswith(_COMPUTE)), None)
        if name is None:
            return None
        place, _, last = name.removeprefix(_COMPUTE).rpartition("/")
        number = last if last.isdigit() else self._numbers_of(place).get(last, last)
        return self._source.columns.resource_id.text(f"{_COMPUTE}{place}/{number}")

    def _numbers_of(self, place: str) -> Mapping[str, str]:
        """Return the numbers of what is in a place, such as ``projects/P/zones/Z/instances``, by name."""
        if place not in self._numbers:
            query = {"fields": "items(id,name),nextPageToken", "maxResults": _PAGE}
            pages = self._compute.pages(f"/compute/v1/{quote(place, safe='/:')}", query)
            self._numbers[place] = {each["name"]: each["id"] for page in pages for each in page.get("items") or ()}
        return self._numbers[place]


def _has(recommender: str, place: str) -> bool:
    """Tell whether a recommender may say something of a place: of machines and disks by zone, of others by region."""
    is_zone = bool(_ZONE.search(place))
    if recommender.startswith("google.compute.instance."):
        return is_zone
    if recommender.startswith(("google.compute.address.", "google.compute.commitment.")):
        return not is_zone
    return True


def _saving(found: Mapping[str, Any]) -> float:
    """Return what it saves a month of 730 hours; what costs more saves less than nothing."""
    impact = found.get("primaryImpact") or {}
    if impact.get("category") != "COST" or "costProjection" not in impact:
        return 0.0
    cost, seconds = impact["costProjection"]["cost"], float(impact["costProjection"]["duration"].rstrip("s"))
    amount = int(cost.get("units") or 0) + int(cost.get("nanos") or 0) / 1e9
    return -amount * _MONTH / seconds if seconds > 0 else 0.0


def _machine_types(operations: list[Operation]) -> tuple[str | None, str | None]:
    """Return the type that a machine has, which is tested for, and the one that it should have."""
    of_type = [each for each in operations if each.get("path") == "/machineType"]
    tested = [(each.get("valueMatcher") or {}).get("matchesPattern") for each in of_type if each["action"] == "test"]
    wanted = [each.get("value") for each in of_type if each["action"] == "replace"]
    before, after = (str(each[0]).rpartition("/")[2] if each and each[0] else None for each in (tested, wanted))
    return before, after
