"""Azure's public addresses, load balancers and gateways, and storage accounts with their lifecycle rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories import use
from finops.telemetry.monitors.inventories.azure_subscription import AzureSubscription
from finops.telemetry.monitors.inventories.azure_use import FORBIDDEN, READ_FILE, Counts
from finops.telemetry.monitors.inventories.parts import UNKNOWN, Denied, Row, lifecycle, word

BUCKET_READS = ("Microsoft.Storage/storageAccounts/read",)
POLICY_READS = "Microsoft.Storage/storageAccounts/managementPolicies/read"
GATEWAY_READ = "Microsoft.Network/applicationGateways/read"
_NETWORK_VERSION = "2024-05-01"
_GROUP = re.compile(r"/resourceGroups/([^/]+)/", re.IGNORECASE)


def addresses(subscription: AzureSubscription) -> Iterator[Row]:
    """Yield public addresses: one that has a configuration, or a gateway, is in use."""
    for each in subscription.every("Microsoft.Network/publicIPAddresses", _NETWORK_VERSION):
        columns, properties = subscription.columns(each), each.get("properties", {})
        if columns is None:
            continue
        used = (properties.get("ipConfiguration") or properties.get("natGateway") or {}).get("id")
        yield columns | {
            "state": "in_use" if used else "available",
            "attached_to": subscription.named(used),
            "details": {
                "kind": "address",
                "allocation": word(properties.get("publicIPAllocationMethod")),
                "sku": each.get("sku", {}).get("name"),
            },
        }


def load_balancers(subscription: AzureSubscription) -> Iterator[Row | Gap]:
    """Yield load balancers and application gateways, with how many addresses are behind them, and their requests."""
    counts = Counts(subscription, "requests of load balancers")
    for each in subscription.every("Microsoft.Network/loadBalancers", _NETWORK_VERSION):
        # Connections that are begun; Azure measures none of a Basic one.
        yield from _balancer(subscription, each, counts, "load_balancer", "SYNCount")
    try:
        for each in subscription.every("Microsoft.Network/applicationGateways", _NETWORK_VERSION):
            # What is answered, redirects too; its requests are those that a target answered.
            yield from _balancer(subscription, each, counts, "application_gateway", "ResponseStatus")
    except HttpResponseError as error:
        if error.status_code != FORBIDDEN:
            raise
        yield Gap(f"application gateways in {subscription.id}", str(Denied(GATEWAY_READ, READ_FILE)))


def _balancer(
    subscription: AzureSubscription, found: Mapping[str, Any], counts: Counts, kind: str, metric: str
) -> Iterator[Row | Gap]:
    columns = subscription.columns(found)
    if columns is None:
        return
    properties = found.get("properties", {})
    sku = (found.get("sku") or properties.get("sku") or {}).get("name")
    days = None if sku == "Basic" else counts.by_day(found["id"], metric, "Total", use.REQUEST_DAYS)
    yield from counts.told()
    yield columns | {
        "state": "active",
        "details": {
            "kind": kind,
            "targets": len(_behind(properties)),
            "requests_per_day": use.a_day([days], None),
            "sku": sku,
        },
    }


def buckets(subscription: AzureSubscription) -> Iterator[Row | Gap]:
    """Yield storage accounts, with the lifecycle rules of their policy."""
    is_told = False
    for each in subscription.listed(subscription.storage.storage_accounts.list()):
        columns, properties = subscription.columns(each), each.get("properties", {})
        if columns is None:
            continue
        rules = _rules(subscription, each)
        if rules is None and not is_told:
            is_told = True
            yield Gap(
                "lifecycle rules of some storage accounts",
                f"the login lacks {POLICY_READS}, which deploy/permissions/azure/read.json gives; the first is "
                f"{each['name']}",
            )
        created = properties.get("creationTime")
        yield columns | {
            "state": "active",
            "created_at": datetime.fromisoformat(created) if created else None,
            "details": {
                "lifecycle_rules": UNKNOWN if rules is None else rules,
                "kind": each.get("kind"),
                "sku": each.get("sku", {}).get("name"),
            },
        }


def _behind(properties: Mapping[str, Any]) -> set[str]:
    """Return what is behind a load balancer: configurations of interfaces, and addresses that have none."""
    found: set[str] = set()
    for pool in properties.get("backendAddressPools") or ():
        of = pool.get("properties", {})
        interfaces = [one.get("id", "").lower() for one in of.get("backendIPConfigurations") or ()]
        found.update(interfaces)
        if not interfaces:
            found.update(one.get("name", "") for one in of.get("loadBalancerBackendAddresses") or ())
        # Of an application gateway.
        found.update(one.get("ipAddress") or one.get("fqdn", "") for one in of.get("backendAddresses") or ())
    return found


def _rules(subscription: AzureSubscription, account: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the rules that are in force; None where the login may not know."""
    group = _GROUP.search(account["id"])
    policies = subscription.storage.management_policies
    try:
        found = policies.get(group[1] if group else "", account["name"], "default").as_dict()
    except ResourceNotFoundError:
        return []
    except HttpResponseError as error:
        if error.status_code != FORBIDDEN:
            raise
        return None
    rules = found.get("properties", {}).get("policy", {}).get("rules") or ()
    return lifecycle(each for rule in rules if rule.get("enabled", True) for each in _of_rule(rule))


def _of_rule(rule: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a rule for each of its prefixes."""
    definition = rule.get("definition", {})
    does = definition.get("actions", {}).get("baseBlob", {})
    for prefix in definition.get("filters", {}).get("prefixMatch") or ("",):
        yield {
            "id": rule.get("name"),
            "prefix": prefix,
            "archive_after_days": _days(does.get("tierToArchive")),
            "delete_after_days": _days(does.get("delete")),
        }


def _days(action: Mapping[str, Any] | None) -> int | None:
    """Return after how many days something is done, since it was made, changed or read."""
    found = [value for name, value in (action or {}).items() if name.startswith("daysAfter") and value is not None]
    return int(min(found)) if found else None
