"""What a spot machine costs at AWS now, from EC2's spot price history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from finops.core.errors import Unavailable

PRODUCT = "Linux/UNIX"


def price(client_of: Callable[[str], Any], instance_type: str, region: str) -> tuple[Decimal, str]:
    """Return the price of an hour of a Linux machine in USD, and the zone, of the cheapest zone of a region.

    ``client_of`` makes the EC2 client of a region. Raise Unavailable where AWS does not answer or knows no price.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    what = f"the spot price of {instance_type} in {region}"
    try:
        pages = (
            client_of(region)
            .get_paginator("describe_spot_price_history")
            .paginate(InstanceTypes=[instance_type], ProductDescriptions=[PRODUCT], StartTime=datetime.now(UTC))
        )
        newest: dict[str, dict[str, Any]] = {}
        for each in (each for page in pages for each in page["SpotPriceHistory"]):
            known = newest.setdefault(each["AvailabilityZone"], each)
            newest[each["AvailabilityZone"]] = max(known, each, key=lambda found: found["Timestamp"])
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(f"AWS does not say {what}: {error}") from None
    if not newest:
        raise Unavailable(f"AWS has no price: {what}")
    amount, zone = min((Decimal(each["SpotPrice"]), zone) for zone, each in newest.items())
    return amount, f"AWS, {zone}"
