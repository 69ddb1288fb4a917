"""Azure's retail prices: what virtual machines cost by the hour as one pays as one goes, with Linux."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from finops.core.errors import BadInput, Unavailable
from finops.core.http_login import HttpLogin
from finops.policy.telemetry import AzurePrices
from finops.telemetry.asking import Rows
from finops.telemetry.monitors.azure import Arm
from finops.telemetry.monitors.prices import Price, as_rows, one_of_each

_PATH = "/api/retail/prices"
_VERSION = "2023-01-01-preview"
_OTHERS = ("windows", "spot", "low priority", "cloud services", "cloudservices", "dedicated host")
"""Words that tell prices of something else: another system, or a machine that may be taken away."""


class AzureRetailPrices:
    """The regions of one source; there is no login."""

    def __init__(self, source: AzurePrices, _client: Any = None) -> None:
        self._source = source

    def __enter__(self) -> AzureRetailPrices:
        self._api = Arm(self._source, HttpLogin())
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def ask(self, _day: date, until: datetime) -> Iterator[Rows]:
        """Yield what machines cost now, read at ``until``."""
        for region in self._source.regions:
            found = one_of_each(self._prices(region), f"{self._source.name}, {region}")
            yield as_rows("azure", region, f"Azure retail prices: pay as you go Linux {region}", until, found)

    def _prices(self, region: str) -> Iterator[Price]:
        wanted = f"serviceName eq 'Virtual Machines' and armRegionName eq '{region}' and priceType eq 'Consumption'"
        query = {"api-version": _VERSION, "$filter": wanted}
        seen: set[str] = set()
        while query:
            content = self._api.content(self._api.get(_PATH, query), "the list of prices")
            try:
                for each in content["Items"]:
                    if _is_of_linux(each):
                        yield Price(each["armSkuName"], Decimal(str(each["retailPrice"])), each["currencyCode"])
            except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
                raise BadInput(f"{self._api.name} answers as no list of Azure's prices does; correct url") from None
            link = str(content.get("NextPageLink") or "")
            if link in seen:
                raise Unavailable(f"{self._api.name}: the pages of prices repeat themselves; the next run asks again")
            seen.add(link)
            query = self._next(link)

    def _next(self, link: str) -> dict[str, str]:
        """Return the query of the next page. The link names the port as well, and leads to the same place."""
        if not link:
            return {}
        there, here = urlsplit(link), urlsplit(self._source.url)
        if (there.hostname, there.path) != (here.hostname, _PATH):
            raise BadInput(f"{self._api.name} sends elsewhere for its next page; correct url of {self._source.name}")
        return dict(parse_qsl(there.query))


def _is_of_linux(item: Mapping[str, Any]) -> bool:
    said = f"{item['productName']} {item['skuName']} {item['meterName']}".lower()
    return (
        item["type"] == "Consumption"
        and item["unitOfMeasure"] == "1 Hour"
        and str(item.get("armSkuName") or "").startswith("Standard_")
        and item.get("isPrimaryMeterRegion", True)
        and float(item.get("tierMinimumUnits") or 0) == 0
        and float(item["retailPrice"]) > 0
        and not any(word in said for word in _OTHERS)
    )
