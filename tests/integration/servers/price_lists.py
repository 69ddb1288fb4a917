"""AWS's price list, and Azure's retail prices, as far as machines go, in the forms that they document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import boto3
from botocore.config import Config

from servers.azure_monitor import says
from servers.json_api import Said, json_api
from servers.proxy import Answer, Proxy, proxy_for
from servers.s3 import ACCESS_KEY, SECRET_KEY

AWS_TARGET = "AWSPriceListService.GetProducts"
AZURE_PATH = "/api/retail/prices"
LARGEST_PAGE = 100


@dataclass
class AwsPriceListServer:
    """A running stand-in. ``products`` are of all systems; a page has ``page`` of those that are asked for."""

    url: str = ""
    products: list[dict[str, Any]] = field(default_factory=list)
    page: int = LARGEST_PAGE
    asked: list[dict[str, Any]] = field(default_factory=list)

    def client(self, region: str, _seconds: int = 60) -> Any:
        """Return boto3's own client of a region; it asks once."""
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
        once = Config(retries={"total_max_attempts": 1})
        return boto3.client("pricing", region_name=region, endpoint_url=self.url, config=once, **keys)

    def answer(self, request: BaseHTTPRequestHandler, body: dict[str, Any]) -> Said:
        """Answer a request as AWS does: each product is a text of JSON."""
        if request.headers["X-Amz-Target"] != AWS_TARGET or body["ServiceCode"] != "AmazonEC2":
            return Said(400, {"__type": "InvalidParameterException", "message": "no such service"})
        self.asked.append(body)
        wanted = {each["Field"]: each["Value"] for each in body["Filters"] if each["Type"] == "TERM_MATCH"}
        found = [
            each
            for each in self.products
            if all(each["product"]["attributes"].get(name) == value for name, value in wanted.items())
        ]
        first, size = int(body.get("NextToken", "0")), min(self.page, body.get("MaxResults", LARGEST_PAGE))
        content: dict[str, Any] = {"FormatVersion": "aws_v1"}
        content["PriceList"] = [json.dumps(each) for each in found[first : first + size]]
        if first + size < len(found):
            content["NextToken"] = str(first + size)
        return Said(200, content)


@contextmanager
def aws_price_list_server() -> Iterator[AwsPriceListServer]:
    """Run AWS's price list, with nothing in it, while the block runs."""
    server = AwsPriceListServer()
    with json_api(server.answer) as url:
        server.url = url
        yield server


@dataclass
class AzurePricesServer:
    """A running stand-in. ``items`` are of all services; a page has ``page`` of those that are asked for."""

    proxy: Proxy
    items: list[dict[str, Any]] = field(default_factory=list)
    page: int = 1000

    def answer(self, method: str, target: str) -> Answer:
        """Answer a request as Azure does: the link to the next page names the port, whatever it is."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if method != "GET" or parts.path != AZURE_PATH:
            return says(404, {"error": {"code": "NotFound"}})
        wanted = dict(each.replace("'", "").split(" eq ") for each in query["$filter"].split(" and "))
        wanted["type"] = wanted.pop("priceType")
        found = [each for each in self.items if all(each[name] == value for name, value in wanted.items())]
        first = int(query.get("$skip", 0))
        more = f"{self.proxy.url}{AZURE_PATH}?api-version={query['api-version']}&$filter={quote(query['$filter'])}"
        link = f"{more}&$skip={first + self.page}" if first + self.page < len(found) else None
        return says(200, {"Items": found[first : first + self.page], "NextPageLink": link, "Count": self.page})


@contextmanager
def azure_prices_server() -> Iterator[AzurePricesServer]:
    """Run Azure's retail prices, with none in it, while the block runs."""
    with proxy_for("http://127.0.0.1:9") as proxy:
        server = AzurePricesServer(proxy)
        proxy.hook = server.answer
        yield server
