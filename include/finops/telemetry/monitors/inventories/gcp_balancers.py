"""Forwarding rules, and how many machines and endpoints are behind each, by way of proxies, URL maps and services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.cloud.compute_v1 import UrlMap

from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories.gcp_project import GcpProject, as_far_as_permitted, path_of
from finops.telemetry.monitors.inventories.gcp_rest import MONITORED, Rest, total
from finops.telemetry.monitors.inventories.parts import Row, word

BEHIND: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "TargetHttpProxies",
        "target_http_proxies",
        ("compute.targetHttpProxies.list", "compute.regionTargetHttpProxies.list"),
    ),
    (
        "TargetHttpsProxies",
        "target_https_proxies",
        ("compute.targetHttpsProxies.list", "compute.regionTargetHttpsProxies.list"),
    ),
    (
        "TargetTcpProxies",
        "target_tcp_proxies",
        ("compute.targetTcpProxies.list", "compute.regionTargetTcpProxies.list"),
    ),
    ("TargetSslProxies", "", ("compute.targetSslProxies.list",)),
    ("TargetPools", "target_pools", ("compute.targetPools.list",)),
    ("UrlMaps", "url_maps", ("compute.urlMaps.list", "compute.regionUrlMaps.list")),
    ("BackendServices", "backend_services", ("compute.backendServices.list", "compute.regionBackendServices.list")),
    ("InstanceGroups", "instance_groups", ("compute.instanceGroups.list",)),
    (
        "NetworkEndpointGroups",
        "network_endpoint_groups",
        (
            "compute.networkEndpointGroups.list",
            "compute.regionNetworkEndpointGroups.list",
            "compute.globalNetworkEndpointGroups.list",
        ),
    ),
)
"""What is listed to know what is behind: client, the name in its aggregated list (none: it has none), permissions."""

_PART = "targets of load_balancer"
_DAYS = 14
_METRIC = "loadbalancing.googleapis.com/https/{}request_count"
_KINDS = {
    ("EXTERNAL", True): "",
    ("EXTERNAL_MANAGED", True): "",
    ("EXTERNAL_MANAGED", False): "external/regional/",
    ("INTERNAL_MANAGED", False): "internal/",
}
"""Which metric counts the requests of a scheme, global or of a region. Of others it is not sure which name it uses."""
_PROXIES = ("targetHttpProxies", "targetHttpsProxies")
_ONE = ("targetInstances", "backendBuckets")
_COUNTED = ("GCE_VM_IP", "GCE_VM_IP_PORT", "NON_GCP_PRIVATE_IP_PORT")
"""Kinds of network endpoint groups whose size tells. Others stand for one service, on the internet or serverless."""
_LEADS_TO = ("service", "default_service", "backend_service")
_REDIRECTS = ("url_redirect", "default_url_redirect")


Asked = dict[str, dict[tuple[str, str], float]]
"""Requests a day by kind of load balancer, and by region and name; a kind that Google does not measure is left out."""


def load_balancers(project: GcpProject, client: Any, rest: Rest, *others: Any) -> Iterator[Row | Gap]:
    """Yield forwarding rules, which is what Google bills of a load balancer; ``others`` are the clients of BEHIND.

    Where what is behind one may not be read, or is not known, nothing is said of its targets; so it is with requests.
    """
    known: dict[str, Any] = {}
    for each in _listed(project, others):
        if isinstance(each, Gap):
            yield each
        else:
            known[path_of(each.self_link)] = each
    asked: Asked = {}
    for found in as_far_as_permitted(_asked(project, rest), f"requests of load_balancer in {project.id}", MONITORED):
        if isinstance(found, Gap):
            yield found
        else:
            asked.update([found])
    for each in project.everywhere(client, "forwarding_rules", "load_balancer"):
        if isinstance(each, Gap):
            yield each
        elif (columns := project.columns(each)) is not None:
            details = {
                "kind": word(each.load_balancing_scheme),
                "targets": _count(known, each.backend_service or each.target),
                "requests_per_day": _requests(asked, each, columns["region"]),
            }
            yield columns | {"state": "active", "details": details}


def _listed(project: GcpProject, clients: Iterable[Any]) -> Iterator[Any]:
    for (_, what, needs), client in zip(BEHIND, clients, strict=True):
        found = project.everywhere(client, what, _PART) if what else project.listed(client)
        yield from as_far_as_permitted(found, f"{_PART} in {project.id}", needs)


def _asked(project: GcpProject, rest: Rest) -> Iterator[tuple[str, dict[tuple[str, str], float]]]:
    """Yield what is asked a day, of kinds that Google measures. One that nobody asks has no series."""
    for kind in dict.fromkeys(_KINDS.values()):
        what = f'metric.type="{_METRIC.format(kind)}"'
        found = rest.sums(project.id, what, _DAYS, _DAYS, "forwarding_rule_name", "region")
        if found is not None:
            places = [(each, each["resource"]["labels"]) for each in found]
            yield kind, {(at["region"], at["forwarding_rule_name"]): total(each) / _DAYS for each, at in places}


def _requests(asked: Asked, rule: Any, region: str) -> float | None:
    """Return the requests a day of a rule; None of one that passes packets or connections on, and counts none."""
    if path_of(rule.target).split("/")[-2:][0] not in _PROXIES:
        return None
    kind = _KINDS.get((rule.load_balancing_scheme, region == "global"))
    counted = None if kind is None else asked.get(kind)
    return None if counted is None else round(counted.get((region, rule.name), 0.0), 3)


def _count(known: Mapping[str, Any], link: str) -> int | None:
    """Return how many machines and endpoints a link leads to in the end; None where that is not known."""
    kind = path_of(link).split("/")[-2:][0]
    if kind in _ONE:
        return 1
    found = known.get(path_of(link))
    if found is None:
        return None
    match kind:
        case "targetPools":
            return len(found.instances)
        case "instanceGroups":
            return int(found.size)
        case "networkEndpointGroups":
            return int(found.size) if found.network_endpoint_type in _COUNTED else 1
        case "backendServices":
            links = {each.group for each in found.backends}
        case "urlMaps":
            links = set(_links(UrlMap.to_dict(found, always_print_fields_with_no_presence=False)))
        case _:
            links = {getattr(found, "url_map", "") or getattr(found, "service", "")}
    counts = [_count(known, each) for each in links]
    return None if None in counts else sum(each for each in counts if each)


def _links(rules: Any) -> Iterator[str]:
    """Yield where a URL map leads to; an empty link for a redirect, which serves without anything behind it."""
    if isinstance(rules, list):
        for each in rules:
            yield from _links(each)
    elif isinstance(rules, dict):
        for name, value in rules.items():
            if name in _LEADS_TO:
                yield value
            elif name in _REDIRECTS:
                yield ""
            elif name != "tests":
                yield from _links(value)
