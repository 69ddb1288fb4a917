"""Public prices of machines, read live: stand-ins that check the calls and give pages, asked by the DAG's own code."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from servers.azure_monitor import says
from servers.price_lists import AwsPriceListServer, AzurePricesServer, aws_price_list_server, azure_prices_server
from telemetry_steps import TODAY, configure, landed

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.policy.telemetry import TelemetrySource

pytestmark = pytest.mark.integration


@pytest.fixture
def aws() -> Iterator[AwsPriceListServer]:
    """AWS's price list, with nothing in it."""
    with aws_price_list_server() as server:
        yield server


@pytest.fixture
def azure() -> Iterator[AzurePricesServer]:
    """Azure's retail prices, with none in it."""
    with azure_prices_server() as server:
        yield server


def land(settings: Settings, client: Any = None) -> list[str]:
    return pipeline.land(settings, "prices", client_for=lambda _: client)


def source_of(kind: str, **more: Any) -> dict[str, Any]:
    return {"name": "prices", "kind": "machine_prices", "type": kind} | more


def by_type(settings: Settings, source: TelemetrySource) -> dict[str, dict[str, Any]]:
    return {f"{each['region']} {each['instance_type']}": each for each in landed(settings, source, TODAY.date())}


def of_aws(name: str, price: str, unit: str = "Hrs", **facts: str) -> dict[str, Any]:
    usual = {
        "instanceType": name,
        "regionCode": "us-east-1",
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
        "vcpu": "2",
        "memory": "8 GiB",
    }
    dimension = {"unit": unit, "pricePerUnit": {"USD": price}}
    terms = {"OnDemand": {"X.JRTCKXETXF": {"priceDimensions": {"X.JRTCKXETXF.6YS6EN2CT7": dimension}}}}
    return {"product": {"attributes": usual | facts}, "serviceCode": "AmazonEC2", "terms": terms}


def test_instances_of_linux_on_shared_hardware_land_with_what_the_list_says_of_them(
    settings: Settings, aws: AwsPriceListServer
) -> None:
    aws.products = [
        of_aws("m5.large", "0.0960000000"),
        of_aws("m5.large", "0.1880000000", operatingSystem="Windows"),
        of_aws("m5.large", "0.1020000000", tenancy="Dedicated"),
        of_aws("m5.large", "0.0000000000", capacitystatus="AllocatedCapacityReservation"),
        of_aws("m5.large", "0.1070000000", regionCode="eu-west-1"),
        of_aws("p3.2xlarge", "3.0600000000", vcpu="8", memory="61 GiB", gpu="1"),
        of_aws("m5.xlarge", "0.0000000000"),
        of_aws("m5.2xlarge", "1.0", unit="Quantity"),
        of_aws("m5.4xlarge", "0.7"),
        of_aws("m5.4xlarge", "0.8"),
    ]
    aws.page = 2
    source = configure(settings, source_of("aws_price_list", regions=["us-east-1", "eu-west-1"]))
    assert land(settings, aws.client) == [str(TODAY.date())]

    rows = by_type(settings, source)
    assert {name: (row["price_per_hour"], row["vcpus"], row["gpus"]) for name, row in rows.items()} == {
        "us-east-1 m5.large": (Decimal("0.096"), 2, None),
        "us-east-1 p3.2xlarge": (Decimal("3.06"), 8, 1),
        "eu-west-1 m5.large": (Decimal("0.107"), 2, None),
    }, "what is free, metered otherwise, or has two prices is left out"
    first = rows["us-east-1 m5.large"]
    assert (first["provider"], first["currency"], first["memory_gib"]) == ("aws", "USD", 8)
    assert first["price_source"] == "AWS price list: on demand Linux us-east-1"
    assert len(aws.asked) == 4


def test_a_list_in_another_form_lands_nothing(settings: Settings, aws: AwsPriceListServer) -> None:
    aws.products = [of_aws("m5.large", "0.096"), of_aws("m5.xlarge", "a price on request")]
    source = configure(settings, source_of("aws_price_list"))
    with pytest.raises(BadInput, match="AWS's price list answers in a form that is not known"):
        land(settings, aws.client)
    assert by_type(settings, source) == {}


def of_azure(sku: str, price: float, **facts: Any) -> dict[str, Any]:
    usual = {
        "currencyCode": "USD",
        "retailPrice": price,
        "armRegionName": "eastus",
        "productName": "Virtual Machines Dsv5 Series",
        "skuName": sku.removeprefix("Standard_"),
        "meterName": sku.removeprefix("Standard_"),
        "serviceName": "Virtual Machines",
        "unitOfMeasure": "1 Hour",
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": sku,
        "tierMinimumUnits": 0.0,
    }
    return usual | facts


def test_sizes_with_linux_as_one_pays_as_one_goes_land(settings: Settings, azure: AzurePricesServer) -> None:
    d4 = "Standard_D4s_v5"
    azure.items = [
        of_azure(d4, 0.192),
        of_azure(d4, 0.376, productName="Virtual Machines Dsv5 Series Windows"),
        of_azure(d4, 0.02, skuName="D4s v5 Spot", meterName="D4s v5 Spot"),
        of_azure(d4, 0.04, skuName="D4s v5 Low Priority"),
        of_azure(d4, 0.3, productName="Dsv5 Series Cloud Services"),
        of_azure(d4, 0.1, type="DevTestConsumption"),
        of_azure(d4, 1200.0, type="Reservation"),
        of_azure(d4, 0.2, armRegionName="westeurope"),
        of_azure(d4, 0.193, isPrimaryMeterRegion=False),
        of_azure("Dsv5_Type1", 4.0, productName="Dsv5 Series Dedicated Host"),
        of_azure("Standard_E8s_v5", 0.504),
        of_azure("Standard_E8s_v5", 0.504),
    ]
    azure.page = 3
    source = configure(settings, source_of("azure_retail_prices", url=azure.proxy.url))
    assert land(settings) == [str(TODAY.date())]

    rows = by_type(settings, source)
    assert {name: row["price_per_hour"] for name, row in rows.items()} == {
        "eastus Standard_D4s_v5": Decimal("0.192"),
        "eastus Standard_E8s_v5": Decimal("0.504"),
    }
    assert len(azure.proxy.requests) == 3


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        ({"Items": [], "NextPageLink": "http://elsewhere.example/api/retail/prices?x=1"}, BadInput, "sends elsewhere"),
        ({"Items": [{"armSkuName": "Standard_D4s_v5"}]}, BadInput, "answers as no list of Azure's prices does"),
        ({"value": []}, BadInput, "answers as no list of Azure's prices does"),
        ({"Items": [], "NextPageLink": "http://127.0.0.1/api/retail/prices?x=1"}, Unavailable, "repeat themselves"),
    ],
)
def test_what_is_no_list_of_azure_lands_nothing(
    settings: Settings, azure: AzurePricesServer, content: dict[str, Any], kind: type[Exception], said: str
) -> None:
    azure.proxy.hook = lambda *_: says(200, content)
    source = configure(settings, source_of("azure_retail_prices", url=azure.proxy.url))
    with pytest.raises(kind, match=said):
        land(settings)
    assert by_type(settings, source) == {}
