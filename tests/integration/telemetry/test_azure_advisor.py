"""Azure Advisor, read live: a stand-in that checks the calls and gives pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from advice_steps import TOKEN, Login, by_id, essence, land, source_of
from servers.azure_advisor import AdvisorServer, advisor_server
from servers.azure_monitor import SUBSCRIPTION
from servers.azure_monitor import says as azure_says
from telemetry_steps import TODAY, configure

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
def advisor() -> Iterator[AdvisorServer]:
    """Azure Advisor, with nothing in it."""
    with advisor_server() as server:
        yield server


MACHINE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/ml/providers/Microsoft.Compute/virtualMachines/vm-1"


def of_azure(name: str, field: str, resource: str, solution: str, **extended: str) -> dict[str, Any]:
    properties = {
        "category": "Cost",
        "impact": "High",
        "impactedField": field,
        "impactedValue": resource.rpartition("/")[2],
        "lastUpdated": "2026-01-01T00:00:00Z",
        "shortDescription": {"problem": solution, "solution": solution},
        "extendedProperties": extended,
        "resourceMetadata": {"resourceId": resource},
    }
    return {
        "id": f"{resource}/providers/Microsoft.Advisor/recommendations/{name}",
        "name": name,
        "properties": properties,
    }


def advisor_source(server: AdvisorServer) -> dict[str, Any]:
    return source_of("azure_advisor", url=server.proxy.url, subscriptions=[SUBSCRIPTION])


def test_advisor_recommends_machines_disks_and_reservations(settings: Settings, advisor: AdvisorServer) -> None:
    low = "Right-size or shutdown underutilized virtual machines"
    sku = {"currentSku": "Standard_D4s_v5", "savingsCurrency": "EUR", "regionId": "eastus"}
    disk = MACHINE.replace("virtualMachines/vm", "disks/disk")
    whole = f"/subscriptions/{SUBSCRIPTION}"
    other = of_azure("other-category", "Microsoft.Compute/virtualMachines", MACHINE, "Enable backups")
    other["properties"]["category"] = "Security"
    dismissed = of_azure("dismissed", "Microsoft.Compute/virtualMachines", MACHINE, low)
    dismissed["properties"]["suppressionIds"] = ["s-1"]
    kinds = ("Microsoft.Compute/virtualMachines", "Microsoft.Compute/disks", "Microsoft.Subscriptions/subscriptions")
    resize = {"targetSku": "Standard_D2s_v5", "recommendationType": "SkuChange", "savingsAmount": "70.08", **sku}
    stop = {"targetSku": "Shutdown", "recommendationType": "Shutdown", "annualSavingsAmount": "1681.92", **sku}
    bought = {"annualSavingsAmount": "1200", "savingsCurrency": "EUR", "term": "P1Y"}
    advisor.recommendations = [
        of_azure("resize", kinds[0], MACHINE, low, **resize),
        of_azure("stop", kinds[0], MACHINE, low, **stop),
        of_azure(
            "disk", kinds[1], disk, "Review disks that are not attached to a VM and evaluate if you still need them"
        ),
        of_azure("commitment", kinds[2], whole, "Consider virtual machine reserved instance", **bought),
        of_azure("function", "Microsoft.Web/serverfarms", f"{whole}/x", "Consider a smaller plan"),
        other,
        dismissed,
    ]
    advisor.page = 2
    source = configure(settings, advisor_source(advisor))
    assert land(settings, Login()) == [str(TODAY.date())]

    rows = by_id(settings, source)
    assert {name: essence(row) for name, row in rows.items()} == {
        "resize": ("machine", "resize", MACHINE, 70.08, "EUR"),
        "stop": ("machine", "stop", MACHINE, 140.16, "EUR"),
        "disk": ("disk", "delete", disk, None, None),
        "commitment": ("account", "commitment", None, 100, "EUR"),
        "function": ("other", "other", f"{whole}/x", None, None),
    }
    first = rows["resize"]
    assert (first["current_instance_type"], first["recommended_instance_type"]) == (
        "Standard_D4s_v5",
        "Standard_D2s_v5",
    )
    assert (first["account_id"], first["region"], first["title"]) == (SUBSCRIPTION, "eastus", low)
    assert rows["stop"]["recommended_instance_type"] is None


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (azure_says(403, {"error": {"code": "AuthorizationFailed"}}), BadInput, r"refuses the login \(403\)"),
        (
            azure_says(404, {"error": {"code": "SubscriptionNotFound"}}),
            BadInput,
            r"refuses .* \(SubscriptionNotFound\)",
        ),
        (azure_says(500, {"error": {"code": "Oops"}}), Unavailable, r"failed at the list of recommendations \(Oops\)"),
        (azure_says(200, {"value": {"no": "list"}}), BadInput, "answers with no list of recommendations"),
        (azure_says(200, {"value": [{"name": "x"}]}), BadInput, "answers as no Azure Advisor does"),
        (azure_says(200, {"value": [], "nextLink": "http://127.0.0.1:9/x"}), BadInput, "sends elsewhere"),
    ],
)
def test_what_advisor_does_not_answer_is_said_in_one_line(
    settings: Settings, advisor: AdvisorServer, answer: Any, kind: type[Exception], says: str
) -> None:
    advisor.proxy.hook = lambda *_: answer
    configure(settings, advisor_source(advisor))
    with pytest.raises(kind, match=says) as caught:
        land(settings, Login())
    assert TOKEN not in str(caught.value)
