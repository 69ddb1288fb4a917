"""Google's prices of machines, read live: a stand-in that checks the calls, asked by the DAG's own code.

The rates are those of Google's list for us-central1, as its pages of prices have them.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from servers.gcp_prices import PROJECT, TOKEN, GcpPricesServer, gcp_prices_server
from telemetry_steps import TODAY, configure, landed

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.policy.telemetry import TelemetrySource
from finops.telemetry import readers

pytestmark = pytest.mark.integration

REGION, ZONE = "us-central1", "us-central1-a"
SEED = Path(__file__).resolve().parents[3] / "dbt_project" / "seeds" / "machine_types.csv"


class Login:
    """Credentials as google-auth has them."""

    token: str | None = None

    def refresh(self, _request: Any) -> None:
        self.token = TOKEN


@pytest.fixture
def google() -> Iterator[GcpPricesServer]:
    """Google's price catalogue, with nothing in it."""
    with gcp_prices_server() as server:
        yield server


def sku(description: str, rate: str, unit: str = "h", **facts: Any) -> dict[str, Any]:
    whole, _, part = rate.partition(".")
    price = {"currencyCode": "USD", "units": whole, "nanos": int(part.ljust(9, "0"))}
    how = {"usageUnit": unit, "tieredRates": [{"startUsageAmount": 0, "unitPrice": price}]}
    usual = {
        "skuId": "0000-0000-0000",
        "description": description,
        "category": {"resourceFamily": "Compute", "usageType": "OnDemand"},
        "serviceRegions": [REGION],
        "pricingInfo": [{"summary": "", "pricingExpression": how, "effectiveTime": "2025-05-01T00:00:00Z"}],
    }
    return usual | facts


def of_series(name: str, core: str, ram: str, **facts: Any) -> list[dict[str, Any]]:
    cores = sku(f"{name} Core running in Americas", core, **facts)
    return [cores, sku(f"{name} Ram running in Americas", ram, "GiBy.h", **facts)]


def machine(name: str, cpus: int, gib: float, gpus: tuple[str, int] | None = None, disks: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "guestCpus": cpus, "memoryMb": int(gib * 1024), "isSharedCpu": False}
    if gpus is not None:
        found["accelerators"] = [{"guestAcceleratorType": gpus[0], "guestAcceleratorCount": gpus[1]}]
    if disks:
        found["bundledLocalSsds"] = {"partitionCount": disks, "defaultInterface": "NVME"}
    return found | {"selfLink": f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/zones/{ZONE}/{name}"}


def shared(name: str, gib: float) -> dict[str, Any]:
    return machine(name, 2, gib) | {"isSharedCpu": True}


def source_of(settings: Settings, google: GcpPricesServer, **more: Any) -> TelemetrySource:
    where = {"url": google.url, "compute_url": google.url, "project": PROJECT}
    entry = {"name": "prices", "kind": "machine_prices", "type": "gcp_price_catalog"}
    return configure(settings, entry | where | more)


def land(settings: Settings) -> list[str]:
    return pipeline.land(settings, "prices", client_for=lambda _: Login())


def prices(settings: Settings, source: TelemetrySource) -> dict[str, Decimal]:
    rows = landed(settings, source, TODAY.date())
    return {f"{each['region']} {each['instance_type']}": each["price_per_hour"] for each in rows}


def in_the_release() -> dict[str, dict[str, str]]:
    """Return what the catalogue that comes with the release has of Google's machines."""
    with SEED.open(encoding="utf-8", newline="") as file:
        return {each["instance_type"]: each for each in csv.DictReader(file) if each["provider"] == "gcp"}


RATES = [
    *of_series("N1 Predefined Instance", "0.031611", "0.004237"),
    *of_series("N2 Instance", "0.031611", "0.004237"),
    *of_series("N2D AMD Instance", "0.027502", "0.003686"),
    *of_series("E2 Instance", "0.02181159", "0.00292353"),
    *of_series("A2 Instance", "0.031611", "0.004237"),
    sku("Nvidia Tesla A100 GPU running in Americas", "2.933908"),
    sku("Nvidia Tesla A100 80GB GPU running in Americas", "3.92808"),
    sku("SSD backed Local Storage", "0.08", "GiBy.mo", category={"resourceFamily": "Storage", "usageType": "OnDemand"}),
]
TYPES = [
    *(machine("n1-standard-4", 4, 15), machine("n2-standard-4", 4, 16), machine("n2-highmem-8", 8, 64)),
    *(machine("n2d-standard-4", 4, 16), machine("e2-standard-4", 4, 16)),
    *(shared("e2-micro", 1), shared("e2-small", 2), shared("e2-medium", 4)),
    machine("a2-highgpu-1g", 12, 85, ("nvidia-tesla-a100", 1)),
    machine("a2-megagpu-16g", 96, 1360, ("nvidia-tesla-a100", 16)),
    machine("a2-ultragpu-2g", 24, 340, ("nvidia-a100-80gb", 2), disks=2),
]


def test_a_type_costs_its_processors_memory_gpus_and_disks_together_as_googles_own_list_of_machines_has_it(
    settings: Settings, google: GcpPricesServer
) -> None:
    google.skus, google.types, google.page = RATES, {ZONE: TYPES, "us-central1-b": TYPES, "us-east1-b": TYPES}, 3
    source = source_of(settings, google)
    assert land(settings) == [str(TODAY.date())]

    release = in_the_release()
    expected = {f"{REGION} {each['name']}": Decimal(release[each["name"]]["price_per_hour"]) for each in TYPES}
    found = prices(settings, source)
    assert found.keys() == expected.keys()
    assert {name: abs(price - expected[name]) <= Decimal("0.000001") for name, price in found.items()} == dict.fromkeys(
        expected, True
    )
    rows = {each["instance_type"]: each for each in landed(settings, source, TODAY.date())}
    facts = {name: (row["vcpus"], row["memory_gib"], row["gpus"]) for name, row in rows.items()}
    assert facts == {
        each["name"]: (
            Decimal(release[each["name"]]["vcpus"]),
            Decimal(release[each["name"]]["memory_gib"]),
            Decimal(release[each["name"]]["gpus"] or 0),
        )
        for each in TYPES
    }
    assert rows["n1-standard-4"]["price_source"] == "Google Cloud price list: on demand us-central1"
    assert "/zones/us-east1-b/" not in " ".join(google.asked), "zones of other regions are not asked"


def test_what_else_the_list_has_of_a_series_is_no_price_of_it(settings: Settings, google: GcpPricesServer) -> None:
    spot = {"category": {"resourceFamily": "Compute", "usageType": "Preemptible"}}
    google.skus = [
        *of_series("N2 Instance", "0.031611", "0.004237"),
        *of_series("N2 Instance", "0.04", "0.005", serviceRegions=["europe-west4"]),
        *of_series("N2 Custom Instance", "0.033", "0.0045"),
        *of_series("Spot Preemptible N2 Instance", "0.0076", "0.001", **spot),
        sku("N2 Instance Core running in Americas", "0.0076", **spot),
        sku("N2 Sole Tenancy Instance Core running in Americas", "0.0348"),
        sku("Reserved N2 Core in Americas", "0.02"),
        sku("Commitment v1: N2 Cpu in Americas for 1 Year", "0.0199"),
        sku("Sole Tenancy Premium for N2 Instance Core running in Americas", "0.003"),
        *of_series("Compute optimized", "0.03398", "0.00455"),
        *of_series("Compute optimized", "0.03398", "0.00455"),
    ]
    google.types = {ZONE: [machine("n2-standard-4", 4, 16), machine("c2-standard-4", 4, 16)]}
    source = source_of(settings, google)
    land(settings)
    assert prices(settings, source) == {
        f"{REGION} n2-standard-4": Decimal("0.194236"),
        f"{REGION} c2-standard-4": Decimal("0.208720"),
    }


def test_a_type_of_which_a_part_has_no_sure_rate_is_left_out_and_the_log_says_so(
    settings: Settings, google: GcpPricesServer, caplog: pytest.LogCaptureFixture
) -> None:
    steps = sku("C3 Instance Core running in Americas", "0.03398")
    steps["pricingInfo"][0]["pricingExpression"]["tieredRates"].append(
        {"startUsageAmount": 100, "unitPrice": {"currencyCode": "USD", "units": "0", "nanos": 1}}
    )
    google.skus = [
        *RATES,
        *of_series("T2D AMD Instance", "0.027502", "0.003686"),
        sku("T2D AMD Instance Core running in Iowa", "0.03"),
        steps,
        sku("C3 Instance Ram running in Americas", "0.00456", "GiBy.h"),
        sku("N4 Instance Core running in Americas", "0.03"),
        *of_series("T2A Arm Instance", "0.0", "0.002"),
        *of_series("A3 Instance", "0.029375", "0.002568"),
        sku("Nvidia H100 80GB GPU running in Americas", "9.796551"),
    ]
    google.types = {
        ZONE: [
            machine("n2-standard-2", 2, 8),
            machine("t2d-standard-1", 1, 4),
            machine("c3-standard-4", 4, 16),
            machine("n4-standard-2", 2, 8),
            machine("t2a-standard-1", 1, 4),
            machine("a2-highgpu-1g", 12, 85),
            machine("a2-ultragpu-1g", 12, 170, ("nvidia-a100-80gb", 1)),
            machine("a3-highgpu-8g", 208, 1872, ("nvidia-h100-80gb", 8), disks=16),
            machine("a3-highgpu-1g", 26, 234, ("nvidia-h100-80gb", 1), disks=2),
            machine("n1-ultramem-40", 40, 961),
            machine("c3-standard-192-metal", 192, 768),
            machine("m9-standard-8", 8, 32),
            shared("f1-micro", 0.6),
        ],
        "us-central1-b": [machine("n2-standard-2", 2, 16)],
    }
    source = source_of(settings, google)
    with caplog.at_level(logging.WARNING):
        land(settings)

    assert prices(settings, source) == {
        # Sixteen disks of 375 GiB come with it.
        f"{REGION} a3-highgpu-8g": round(
            208 * Decimal("0.029375") + 1872 * Decimal("0.002568") + 8 * Decimal("9.796551") + 480 / Decimal(730), 6
        )
    }
    told = "\n".join(each.getMessage() for each in caplog.records)
    for name, reason in {
        "t2d-standard-1": "the list has several rates of T2D AMD Instance Core",
        "c3-standard-4": "the list has no sure rate of C3 Instance Core",
        "n4-standard-2": "the list has no sure rate of N4 Instance Ram",
        "t2a-standard-1": "the list has no sure rate of T2A Arm Instance Core",
        "a2-highgpu-1g": "Compute Engine does not say which GPUs it has",
        "a2-ultragpu-1g": "Compute Engine does not say which local disks it has",
        "a3-highgpu-1g": "Google does not sell it on demand",
        "m9-standard-8": "its series m9 is not known",
        "c3-standard-192-metal, f1-micro, n1-ultramem-40": "it is of another kind than those that are known",
    }.items():
        assert f"such as {name}: {reason}" in told
    assert "1 types have several prices and are left out, such as n2-standard-2" in told


@pytest.mark.parametrize(
    ("skus", "types"),
    [
        ([{"description": "N2 Instance Core running in Americas"}], []),
        ([sku("N2 Instance Core running in Americas", "0.03") | {"pricingInfo": []}], []),
        (RATES, [{"name": "n2-standard-4"}]),
    ],
)
def test_what_is_no_list_of_google_lands_nothing(
    settings: Settings, google: GcpPricesServer, skus: list[dict[str, Any]], types: list[dict[str, Any]]
) -> None:
    google.skus, google.types = skus, {ZONE: types}
    source = source_of(settings, google)
    with pytest.raises(BadInput, match="answers in a form that is not known"):
        land(settings)
    assert prices(settings, source) == {}


def test_prices_in_another_currency_land_nothing(settings: Settings, google: GcpPricesServer) -> None:
    euros = sku("N2 Instance Core running in Americas", "0.03")
    euros["pricingInfo"][0]["pricingExpression"]["tieredRates"][0]["unitPrice"]["currencyCode"] = "EUR"
    google.skus, google.types = [euros], {ZONE: TYPES}
    source = source_of(settings, google)
    with pytest.raises(BadInput, match="answers in a form that is not known"):
        land(settings)
    assert prices(settings, source) == {}


@pytest.mark.parametrize("denied", ["skus", "zones"])
def test_doctor_finds_that_the_login_may_not_read(settings: Settings, google: GcpPricesServer, denied: str) -> None:
    google.skus, google.types, google.denied = RATES, {ZONE: TYPES}, denied
    source = source_of(settings, google)
    with pytest.raises(BadInput, match=r"refuses the login \(403\)"):
        readers.reach(source, Login())
