"""Google's APIs that have no client here: Vertex AI and Cloud Monitoring, asked over HTTP with the login."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from google.api_core.exceptions import NotFound, RetryError, ServerError, TooManyRequests, from_http_response
from requests.exceptions import RequestException

from finops.core.errors import Unavailable
from finops.telemetry.monitors.inventories import gcp_project

MONITORED = ("monitoring.timeSeries.list",)
"""Permissions that measurements need."""

_FAILURE = 400
_PAGE = "1000"

Series = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rest:
    """Sends requests. ``vertex_url`` has a place for the region."""

    session: Any
    vertex_url: str
    monitoring_url: str
    seconds: int

    def pages(self, address: str, query: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
        """Yield what is listed under a name, page by page. Raise Google's own errors."""
        asked = dict(query)
        seen: set[str] = set()
        while True:
            content = self._ask(address, asked)
            yield from content.get(name) or ()
            token = str(content.get("nextPageToken") or "")
            if not token:
                return
            if token in seen:
                raise Unavailable("Google's pages repeat themselves; the next run asks again")
            seen.add(token)
            asked["pageToken"] = token

    def sums(self, project: str, what: str, days: int, bucket_days: int, *labels: str) -> list[Series] | None:
        """Return the sums of a metric over the last days, in buckets, by labels of the resource.

        None where Google does not know the metric. Raise Unavailable where it does not answer.
        """
        end = datetime.now(UTC)
        query = {
            "filter": what,
            "interval.startTime": f"{end - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}",
            "interval.endTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "aggregation.alignmentPeriod": f"{bucket_days * 86_400}s",
            "aggregation.perSeriesAligner": "ALIGN_SUM",
            "aggregation.crossSeriesReducer": "REDUCE_SUM",
            "aggregation.groupByFields": [f"resource.labels.{each}" for each in labels],
            "pageSize": _PAGE,
        }
        try:
            return list(self.pages(f"{self.monitoring_url}/v3/projects/{project}/timeSeries", query, "timeSeries"))
        except NotFound:
            return None
        except (ServerError, TooManyRequests, RetryError, RequestException) as error:
            raise Unavailable(
                f"Cloud Monitoring of {project} does not answer ({type(error).__name__}); the next run asks again"
            ) from None

    def _ask(self, address: str, query: Mapping[str, Any]) -> Mapping[str, Any]:
        def once() -> Mapping[str, Any]:
            response = self.session.get(address, params=query, timeout=self.seconds)
            if response.status_code >= _FAILURE:
                raise from_http_response(response)
            content: Mapping[str, Any] = response.json()
            return content

        answer: Mapping[str, Any] = gcp_project.RETRY(once)()
        return answer


def total(series: Series) -> float:
    """Return the sum of a series."""
    return sum(float(value) for _, value in points(series))


def points(series: Series) -> Iterator[tuple[datetime, float]]:
    """Yield the end and the value of each bucket."""
    for each in series["points"]:
        [value] = each["value"].values()
        yield datetime.fromisoformat(each["interval"]["endTime"]), float(value)
