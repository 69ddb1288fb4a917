"""Give back an address that nothing uses."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.aws.base import AwsAction, tags_of
from finops.rightsizing.actions.aws.calls import Gone, act, read
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change


class ReleaseAddress(AwsAction):
    """Not undone: another account may get the address at once."""

    name = "release_address"
    summary = "give back the Elastic IP address"
    reads: tuple[str, ...] = ("ec2:DescribeAddresses",)
    acts: tuple[str, ...] = ("ec2:ReleaseAddress",)
    resource_types: tuple[str, ...] = ("address",)
    is_reversible = False

    def observe(self, client: Any, change: Change) -> Live:
        """Read the address."""
        try:
            found = read(client, change, "ec2:DescribeAddresses", AllocationIds=[short(change.target.resource_id)])
        except Gone:
            return Live(exists=False)
        if not found["Addresses"]:
            return Live(exists=False)
        address = found["Addresses"][0]
        user = address.get("InstanceId") or address.get("NetworkInterfaceId") or ""
        facts = {"address": address["PublicIp"], "used_by": user}
        return Live(exists=True, state="in_use" if user else "", tags=tags_of(address.get("Tags")), facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse an address that is used."""
        return f"{live.facts['used_by']} uses it" if live.facts["used_by"] else ""

    def next_step(self, live: Live, change: Change) -> str | None:
        """Release it while it is there."""
        return "release" if live.exists else None

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Release it."""
        if live.facts["used_by"]:
            raise Rejected(f"{live.facts['used_by']} uses {live.facts['address']} since the action began")
        act(client, change, "ec2:ReleaseAddress", AllocationId=short(change.target.resource_id))
