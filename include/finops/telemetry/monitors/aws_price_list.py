"""AWS's price list: what instances of EC2 cost on demand, with Linux and no other software, on shared hardware."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from finops.core.errors import BadInput
from finops.policy.telemetry import AwsPrices
from finops.telemetry.asking import Rows
from finops.telemetry.monitors.advice import number
from finops.telemetry.monitors.aws import Clients, clients_of, one_line
from finops.telemetry.monitors.prices import Price, as_rows, one_of_each

ENDPOINT_REGION = "us-east-1"
"""Where the list of all regions is asked for."""

_NAME = "AWS's price list"
_PAGE = 100
_FILTERS = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
}


class AwsPriceList:
    """The regions of one source."""

    def __init__(self, source: AwsPrices, clients: Clients | None = None) -> None:
        self._source = source
        self._clients = clients or clients_of("pricing")

    def __enter__(self) -> AwsPriceList:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ask(self, _day: date, until: datetime) -> Iterator[Rows]:
        """Yield what machines cost now, read at ``until``."""
        with one_line(_NAME, "pricing:GetProducts"):
            client = self._clients(ENDPOINT_REGION, self._source.timeout_seconds)
            for region in self._source.regions:
                found = one_of_each(self._prices(client, region), f"{self._source.name}, {region}")
                yield as_rows("aws", region, f"AWS price list: on demand Linux {region}", until, found)

    def _prices(self, client: Any, region: str) -> Iterator[Price]:
        wanted = [
            {"Type": "TERM_MATCH", "Field": name, "Value": value}
            for name, value in {**_FILTERS, "regionCode": region}.items()
        ]
        pages = client.get_paginator("get_products")
        asked = {"ServiceCode": "AmazonEC2", "FormatVersion": "aws_v1", "Filters": wanted}
        for page in pages.paginate(**asked, PaginationConfig={"PageSize": _PAGE}):
            for text in page["PriceList"]:
                try:
                    yield from _of_product(json.loads(text))
                except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
                    raise BadInput(f"{_NAME} answers in a form that is not known; correct the connection") from None


def _of_product(product: Mapping[str, Any]) -> Iterator[Price]:
    """Yield the price of a product by the hour; none of one that costs nothing, or is metered otherwise."""
    facts = product["product"]["attributes"]
    by_currency: dict[str, set[str]] = defaultdict(set)
    for term in product["terms"].get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            if dimension["unit"] == "Hrs":
                for currency, amount in dimension["pricePerUnit"].items():
                    by_currency[currency].add(amount)
    for currency, amounts in by_currency.items():
        for amount in amounts:
            if (price := Decimal(amount)) > 0:
                vcpus, memory = number(facts.get("vcpu")), number(str(facts.get("memory", "")).removesuffix(" GiB"))
                yield Price(facts["instanceType"], price, currency, vcpus, memory, number(facts.get("gpu")))
