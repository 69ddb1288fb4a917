"""Google's price catalogue: what Compute Engine's machines cost by the hour on demand, with Linux.

The Cloud Billing Catalog has the rates of processors, memory, GPUs and local disks; Compute Engine says how many of
them a type has.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from finops.core.errors import BadInput
from finops.policy.telemetry import GcpPrices
from finops.telemetry.asking import Rows
from finops.telemetry.monitors.gcp_rates import CURRENCY, Rates, Unpriced, price_of, rates_of
from finops.telemetry.monitors.google import GoogleApi, login
from finops.telemetry.monitors.prices import Price, as_rows, one_of_each

SCOPES = (
    "https://www.googleapis.com/auth/cloud-billing.readonly",
    "https://www.googleapis.com/auth/compute.readonly",
)
PERMISSIONS = frozenset({"compute.machineTypes.list", "compute.zones.list"})
"""All that is asked. The catalogue is public: it takes any token of a project in which its API is switched on."""

_LOG = logging.getLogger(__name__)
_COMPUTE_ENGINE = "services/6F81-5844-456A"
_SKUS = {
    "currencyCode": CURRENCY,
    "pageSize": "5000",
    "fields": "skus(description,category(usageType),serviceRegions,pricingInfo(pricingExpression)),nextPageToken",
}
_ZONES = {"maxResults": "500", "fields": "items(name,region),nextPageToken"}
_TYPES = {
    "maxResults": "500",
    "fields": "items(name,guestCpus,memoryMb,isSharedCpu,accelerators,bundledLocalSsds),nextPageToken",
}


class GcpPriceCatalog:
    """The regions of one source; ``credentials`` are google-auth's, None leaves them to its own chain."""

    def __init__(self, source: GcpPrices, credentials: Any = None) -> None:
        self._source = source
        self._credentials = credentials

    def __enter__(self) -> GcpPriceCatalog:
        found = login(self._source, self._credentials, SCOPES)
        self._api = GoogleApi(self._source, found)
        self._compute = GoogleApi(self._source.model_copy(update={"url": self._source.compute_url}), found)
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()
        self._compute.close()

    def ask(self, _day: date, until: datetime) -> Iterator[Rows]:
        """Yield what machines cost now, read at ``until``."""
        try:
            rates = rates_of(
                self._listed(self._api, f"/v1/{_COMPUTE_ENGINE}/skus", _SKUS, "skus"), self._source.regions
            )
            zones = self._zones()
            for region in self._source.regions:
                types = self._types(zones.get(region, []))
                found = one_of_each(self._prices(region, types, rates[region]), f"{self._source.name}, {region}")
                yield as_rows("gcp", region, f"Google Cloud price list: on demand {region}", until, found)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError):
            raise BadInput(
                f"{self._api.name} or {self._compute.name} answers in a form that is not known; correct url"
            ) from None

    def _prices(self, region: str, types: Iterator[Mapping[str, Any]], rates: Rates) -> Iterator[Price]:
        """Yield the prices of types; say which have none, since they are missed if nobody says so."""
        left_out: dict[str, list[str]] = {}
        for machine in types:
            try:
                yield price_of(machine, rates)
            except Unpriced as error:
                left_out.setdefault(str(error), []).append(str(machine["name"]))
        for reason, names in sorted(left_out.items()):
            each = ", ".join(sorted(set(names))[:5])
            said = (self._source.name, region, len(set(names)), each, reason)
            _LOG.warning("%s, %s: %d types are left out, such as %s: %s", *said)

    def _zones(self) -> dict[str, list[str]]:
        """Return the zones of each region."""
        found: dict[str, list[str]] = {}
        for each in self._listed(self._compute, f"{self._at}/zones", _ZONES, "items"):
            found.setdefault(str(each["region"]).rpartition("/")[2], []).append(str(each["name"]))
        return found

    def _types(self, zones: list[str]) -> Iterator[Mapping[str, Any]]:
        for zone in zones:
            yield from self._listed(self._compute, f"{self._at}/zones/{quote(zone)}/machineTypes", _TYPES, "items")

    @property
    def _at(self) -> str:
        return f"/compute/v1/projects/{quote(self._source.project, safe=':')}"

    def _listed(self, api: GoogleApi, path: str, query: Mapping[str, str], name: str) -> Iterator[Mapping[str, Any]]:
        for page in api.pages(path, query):
            yield from page.get(name) or ()
