"""The columns of an inventory: what resources there are, day by day, and how each is set up."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from finops.core.telemetry import TelemetryKind
from finops.telemetry.models import Column, ColumnType, Schema

RESOURCE_TYPES = (
    *("machine", "disk", "snapshot", "address", "load_balancer", "notebook", "endpoint", "bucket", "group"),
)
_LARGEST = Decimal(10) ** 12 - 1
_text = partial(Column, type=ColumnType.TEXT)
_moment = partial(Column, type=ColumnType.MOMENT)
_object = partial(Column, type=ColumnType.OBJECT, is_required=False)
_yes_no = partial(Column, type=ColumnType.TEXT, is_required=False, among=("true", "false"))

RESOURCE_INVENTORY = Schema(
    TelemetryKind.RESOURCE_INVENTORY,
    "One row per resource and observation; lands as one row per resource and day: the last of the day.",
    (
        _text("provider", description="Whose resource it is, as bills have it: aws, azure, gcp or a vendor's name."),
        _text("resource_id", description="The resource, exactly as the bill's ResourceId has it."),
        _text("resource_type", description="What kind of thing it is.", among=RESOURCE_TYPES),
        _moment("observed_at", description="When it was seen so."),
        _text("account_id", description="Its account, subscription or project, as the bill's SubAccountId has it."),
        _text("region", description="Its region, as the bill's RegionId has it."),
        _text("zone", description="Its availability zone; empty where it has none.", is_required=False),
        _text("instance_type", description="Its machine type, where it is or has machines.", is_required=False),
        _text(
            "state",
            description="How it stands, in one lower-case word: running, stopped, available, in_use …",
            is_required=False,
        ),
        Column(
            *("size_gb", ColumnType.NUMBER, "How large it is, in GB as its bill counts them."),
            is_required=False,
            least=Decimal(0),
            most=_LARGEST,
        ),
        _text(
            "attached_to",
            description="The resource_id of what it is attached to; empty where that is nothing.",
            is_required=False,
        ),
        _moment("created_at", description="When it was made.", is_required=False),
        _moment(
            "last_used_at",
            description="When it was used last: read, written, called, or opened; empty where nobody knows.",
            is_required=False,
        ),
        _text("group_id", description="The scaling group that it is a member of.", is_required=False),
        _yes_no("is_spot", description="Whether it is a spot instance."),
        _yes_no("has_local_disk", description="Whether it has data on disks of its own, which a stop loses."),
        _object("tags", description="Its tags by key, in the spelling of the account."),
        _object(
            "details",
            description="What else is known of its kind: volume_type, iops, lifecycle_rules, minimum, maximum …",
        ),
    ),
    key=("provider", "resource_id", "observed_at"),
    moment="observed_at",
    lands_last_of_day=True,
)
