"""Load balancers, addresses, and transfer between zones."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.rightsizing.world import known, resource, saving, usage

from finops.rightsizing.rules import network


def test_idle_load_balancers_and_addresses_are_told() -> None:
    quiet = {"network_bytes_per_second": usage(100, 400)}
    assert saving(network.idle_load_balancer(resource("load_balancer", 25, usage=quiet), known())) == 25
    assert network.idle_load_balancer(resource("load_balancer", 25), known()) is None
    empty = {"targets": 0, "requests_per_day": 0}
    assert saving(network.idle_load_balancer(resource("load_balancer", 25, details=empty), known())) == 25
    assert saving(network.idle_address(resource("address", 8, state="available"), known())) == 8
    assert network.idle_address(resource("address", 8, state="available", attached_to="i-1"), known()) is None
    assert network.idle_address(resource("address", 8, state=""), known()) is None


def test_transfer_between_zones_is_told_and_transfer_to_the_internet_is_not() -> None:
    def transfer(source: str, destination: str) -> network.Transfer:
        return network.Transfer("aws", "USD", "atlas", source, destination, Decimal(90), 4500.0)

    moved = [transfer("us-east-1a", "us-east-1b"), transfer("us-east-1a", "internet"), transfer("a", "a")]
    assert [each.facts["to"] for each in network.egress_locality(moved, known())] == ["us-east-1b"]
