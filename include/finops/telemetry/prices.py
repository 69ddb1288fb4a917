"""The columns of public prices of machines, as price lists have them on a day."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from finops.core.telemetry import TelemetryKind
from finops.telemetry.models import Column, ColumnType, Schema

_text = partial(Column, type=ColumnType.TEXT)
_most = partial(Column, type=ColumnType.NUMBER, is_required=False, least=Decimal(0), most=Decimal(100_000))

MACHINE_PRICES = Schema(
    TelemetryKind.MACHINE_PRICES,
    "One row per type of machine, region and reading; lands as one row per type, region and day: the last of the day.",
    (
        _text("provider", description="Whose machine it is: aws, azure or gcp."),
        _text("instance_type", description="The type as its provider writes it, such as m5.large or ml.m5.large."),
        _text("region", description="The region that the price is of, as the bill's RegionId has it."),
        Column(
            *("price_per_hour", ColumnType.NUMBER, "Price of an hour on demand with Linux, nothing else included."),
            least=Decimal("0.000001"),
            most=Decimal(100_000),
        ),
        _text("currency", description="Currency of the price, ISO 4217; prices of USD alone are taken."),
        _most("vcpus", description="Virtual CPUs, by which a wrong price is noticed."),
        _most("memory_gib", description="Memory in GiB."),
        _most("gpus", description="Whole GPUs; 0 where it has none."),
        _text("price_source", description="The list that the price is of."),
        Column("priced_at", ColumnType.MOMENT, "When it was read there."),
    ),
    key=("provider", "instance_type", "region", "priced_at"),
    moment="priced_at",
    lands_last_of_day=True,
)
