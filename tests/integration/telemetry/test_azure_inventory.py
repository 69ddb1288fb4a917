"""Azure asked what there is: a stand-in of Resource Manager, by Azure's own clients, to landed rows."""

from __future__ import annotations

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError
from azure_inventory_steps import (
    ACCOUNTS,
    ADDRESSES,
    BALANCERS,
    DAY,
    DISKS,
    MACHINES,
    SETS,
    SNAPSHOTS,
    Credential,
    land,
    machine,
    rows_of,
    source_of,
)
from servers.azure_lists import GROUP, SUBSCRIPTION, TOKEN, AzureLists
from telemetry_steps import configure

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.telemetry.readers import reach
from finops.telemetry.service import ingest

pytestmark = pytest.mark.integration


def test_machines_land_with_their_power_state_and_what_their_size_has(
    settings: Settings, subscription: AzureLists
) -> None:
    subscription.has(MACHINES, "plain", machine(), tags={"team": "vision"}, zones=["2"])
    subscription.has(MACHINES, "local", machine("Standard_D4ds_v5", priority="Spot"))
    group = subscription.has(SETS, "workers", sku={"name": "Standard_D8s_v5", "capacity": 3})
    subscription.has(MACHINES, "member", machine("Standard_Unheard", virtualMachineScaleSet={"id": group}))
    subscription.power = {"local": "deallocated"}
    source = configure(settings, source_of(subscription))
    assert land(settings) == [str(DAY)]

    found = rows_of(settings, source, "machine")
    plain = found["plain"]
    assert plain["resource_id"] == f"{GROUP}/{MACHINES}/plain"
    assert (plain["provider"], plain["account_id"], plain["region"], plain["zone"]) == (
        *("azure", SUBSCRIPTION, "eastus"),
        "eastus-2",
    )
    assert (plain["state"], plain["instance_type"], plain["tags"]) == ("running", "Standard_D8s_v5", {"team": "vision"})
    assert plain["created_at"].isoformat() == "2025-01-31T10:00:00.123456"
    flags = {name: (each["state"], each["is_spot"], each["has_local_disk"]) for name, each in found.items()}
    assert flags == {
        "plain": ("running", "false", "false"),
        "local": ("deallocated", "true", "true"),
        "member": ("running", "false", "true"),
    }
    sets = rows_of(settings, source, "group")
    assert found["member"]["group_id"] == sets["workers"]["resource_id"] == group
    assert sets["workers"]["details"] == {"desired": 3}


def test_disks_name_their_machine_as_its_own_row_does(settings: Settings, subscription: AzureLists) -> None:
    """Azure spells the machine of a disk in capital letters at times; the bill does not."""
    vm = subscription.has(MACHINES, "vm", machine())
    sku = {"name": "Premium_LRS"}
    used = {"diskState": "Attached", "diskSizeGB": 128, "diskIOPSReadWrite": 500, "diskMBpsReadWrite": 100}
    subscription.has(DISKS, "used", used, managedBy=vm.upper(), sku=sku)
    free = {"diskState": "Unattached", "diskSizeGB": 1024, "LastOwnershipUpdateTime": "2025-01-02T03:04:05+00:00"}
    kept = subscription.has(DISKS, "free", free, sku=sku)
    subscription.has(SNAPSHOTS, "of-free", {"creationData": {"sourceResourceId": kept.upper()}, "diskSizeGB": 1024})
    gone = {"creationData": {"sourceResourceId": f"{GROUP}/{DISKS}/gone"}}
    subscription.has(SNAPSHOTS, "AzureBackup_1", gone)
    source = configure(settings, source_of(subscription))
    land(settings)

    disks = rows_of(settings, source, "disk")
    assert (disks["used"]["state"], disks["used"]["attached_to"], disks["used"]["size_gb"]) == ("in_use", vm, 128)
    assert disks["used"]["details"] == {"volume_type": "Premium_LRS", "iops": 500, "throughput": 100}
    assert (disks["free"]["state"], disks["free"]["attached_to"]) == ("unattached", None)
    assert disks["free"]["last_used_at"].isoformat() == "2025-01-02T03:04:05"
    snapshots = rows_of(settings, source, "snapshot")
    assert snapshots["of-free"]["attached_to"] == kept
    assert {
        name: (each["details"]["source_exists"], each["details"].get("managed_by")) for name, each in snapshots.items()
    } == {
        "of-free": (True, None),
        "AzureBackup_1": (False, "Azure Backup"),
    }


def test_addresses_load_balancers_and_accounts_land(settings: Settings, subscription: AzureLists) -> None:
    interface = f"{GROUP}/Microsoft.Network/networkInterfaces/nic/ipConfigurations/one"
    subscription.has(ADDRESSES, "used", {"ipConfiguration": {"id": interface}})
    subscription.has(ADDRESSES, "free", {"publicIPAllocationMethod": "Static"}, sku={"name": "Standard"})
    pool = {"properties": {"backendIPConfigurations": [{"id": interface}, {"id": interface.upper()}, {"id": "other"}]}}
    subscription.has(BALANCERS, "busy", {"backendAddressPools": [pool]})
    subscription.has(BALANCERS, "idle", {"backendAddressPools": [{"properties": {}}]})
    subscription.has(ACCOUNTS, "plain", {"creationTime": "2024-05-06T07:08:09Z"}, kind="StorageV2")
    subscription.has(ACCOUNTS, "ruled")
    blobs = {
        "tierToArchive": {"daysAfterModificationGreaterThan": 30.0},
        "delete": {"daysAfterModificationGreaterThan": 90.0},
    }
    definition = {
        "actions": {"baseBlob": blobs},
        "filters": {"blobTypes": ["blockBlob"], "prefixMatch": ["data/a", "data/b"]},
    }
    off = {"name": "off", "enabled": False, "type": "Lifecycle", "definition": definition}
    subscription.rules["ruled"] = [{"name": "old", "type": "Lifecycle", "definition": definition}, off]
    source = configure(settings, source_of(subscription))
    land(settings)

    addresses = rows_of(settings, source, "address")
    assert {name: (each["state"], each["attached_to"]) for name, each in addresses.items()} == {
        "used": ("in_use", interface),
        "free": ("available", None),
    }
    balancers = rows_of(settings, source, "load_balancer")
    assert {name: each["details"]["targets"] for name, each in balancers.items()} == {"busy": 2, "idle": 0}
    accounts = rows_of(settings, source, "bucket")
    days = {"archive_after_days": 30, "delete_after_days": 90}
    assert {name: each["details"]["lifecycle_rules"] for name, each in accounts.items()} == {
        "plain": [],
        "ruled": [{"id": "old", "prefix": "data/a"} | days, {"id": "old", "prefix": "data/b"} | days],
    }


def test_all_pages_land(settings: Settings, subscription: AzureLists) -> None:
    subscription.page = 2
    for number in range(5):
        subscription.has(MACHINES, f"vm-{number}", machine())
        subscription.has(ADDRESSES, f"ip-{number}")
    source = configure(settings, source_of(subscription))
    land(settings)
    assert (len(rows_of(settings, source, "machine")), len(rows_of(settings, source, "address"))) == (5, 5)


@pytest.mark.parametrize("kind", [MACHINES, ADDRESSES])
def test_pages_that_repeat_themselves_hold_back_their_type_alone(
    settings: Settings, subscription: AzureLists, kind: str
) -> None:
    subscription.page = 1
    for number in range(2):
        subscription.has(kind, f"x-{number}", machine())
    subscription.has(DISKS, "disk", {"diskState": "Unattached"})
    version = "2026-04-01" if kind == MACHINES else "2024-05-01"
    subscription.next_link = f"{subscription.url}/subscriptions/{SUBSCRIPTION}/providers/{kind}?api-version={version}"
    source = configure(settings, source_of(subscription))
    with pytest.raises(Unavailable, match=r"pages .*repeat themselves"):
        land(settings)
    assert list(rows_of(settings, source, "disk")) == ["disk"]


def test_the_token_goes_nowhere_else(settings: Settings, subscription: AzureLists) -> None:
    subscription.page = 1
    for name in ("one", "two"):
        subscription.has(BALANCERS, name)
    subscription.next_link = "http://127.0.0.1:9/subscriptions/x"
    source = configure(settings, source_of(subscription))
    report = ingest(settings, source, client=Credential())
    assert [note.endswith("sends elsewhere for its next page; correct url of the source") for note in report.notes] == [
        True
    ]


def test_a_missing_permission_is_told_and_all_else_lands(settings: Settings, subscription: AzureLists) -> None:
    subscription.has(MACHINES, "vm", machine())
    subscription.has(ACCOUNTS, "account")
    subscription.denied = {DISKS, "policies"}
    source = configure(settings, source_of(subscription))
    report = ingest(settings, source, client=Credential())
    assert report.rejections == ()
    assert report.notes == (
        f"azure: {DAY} has no disk in {SUBSCRIPTION}: the login lacks Microsoft.Compute/disks/read, which "
        "deploy/permissions/azure/read.json gives",
        f"azure: {DAY} has no lifecycle rules of some storage accounts: the login lacks "
        "Microsoft.Storage/storageAccounts/managementPolicies/read, which deploy/permissions/azure/read.json gives; "
        "the first is account",
    )
    assert list(rows_of(settings, source, "machine")) == ["vm"]
    assert rows_of(settings, source, "bucket")["account"]["details"] == {"lifecycle_rules": "unknown"}
    with pytest.raises(BadInput, match=r"the login lacks Microsoft\.Compute/disks/read"):
        reach(source, Credential())


def test_a_busy_azure_is_asked_again_and_a_silent_one_waits_for_the_next_run(
    settings: Settings, subscription: AzureLists
) -> None:
    subscription.has(DISKS, "disk", {"diskState": "Unattached"})
    subscription.has(MACHINES, "vm", machine())
    subscription.busy = {DISKS: 2}
    subscription.down = {BALANCERS}
    source = configure(settings, source_of(subscription))
    with pytest.raises(
        Unavailable, match=f"{DAY} has no load_balancer in .*: Azure's Resource Manager does not answer"
    ):
        land(settings)
    assert list(rows_of(settings, source, "disk")) == ["disk"]
    subscription.down = set()
    land(settings)
    assert subscription.asked.count(MACHINES) == 4, "each run asks for machines and how they stand"


def test_bills_in_small_letters_are_named_so(settings: Settings, subscription: AzureLists) -> None:
    vm = subscription.has(MACHINES, "VM", machine())
    subscription.has(DISKS, "Disk", {"diskState": "Attached"}, managedBy=vm)
    columns = {"resource_id": {"from": "id", "lower_case": True}}
    source = configure(settings, source_of(subscription, columns=columns))
    land(settings)
    [disk] = rows_of(settings, source, "disk").values()
    assert (disk["resource_id"], disk["attached_to"]) == (f"{GROUP}/{DISKS}/Disk".lower(), vm.lower())


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (CredentialUnavailableError(message=TOKEN), "no usable Azure credentials; configure the connection"),
        (ClientAuthenticationError(message=TOKEN), "Azure refuses the credentials"),
    ],
)
def test_credentials_that_do_not_serve_are_said_and_not_repeated(
    settings: Settings, subscription: AzureLists, error: Exception, remedy: str
) -> None:
    configure(settings, source_of(subscription))
    with pytest.raises(BadInput, match=f"azure: {remedy}") as caught:
        land(settings, Credential(error))
    assert TOKEN not in str(caught.value)
