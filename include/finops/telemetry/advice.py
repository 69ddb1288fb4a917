"""The columns of what providers recommend: Compute Optimizer, Cost Optimization Hub, Advisor, Recommender."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from finops.core.telemetry import TelemetryKind
from finops.telemetry.inventory import RESOURCE_TYPES
from finops.telemetry.models import Column, ColumnType, Schema

SOURCES = ("compute_optimizer", "cost_optimization_hub", "advisor", "recommender")
ACTIONS = ("stop", "resize", "delete", "change_volume", "commitment", "other")
_text = partial(Column, type=ColumnType.TEXT)

RECOMMENDATIONS = Schema(
    TelemetryKind.RECOMMENDATIONS,
    "One row per recommendation and observation; lands as one row per recommendation and day: the last of the day.",
    (
        _text("provider", description="Who recommends it, as bills have it: aws, azure or gcp."),
        _text("recommendation_id", description="What the provider calls it, as long as it is the same."),
        _text(
            "resource_id",
            description="What it is about, exactly as the bill's ResourceId has it; empty where it is of an account.",
            is_required=False,
        ),
        _text(
            "resource_type",
            description="What kind of thing that is, as an inventory has it; account for a commitment.",
            among=(*RESOURCE_TYPES, "account", "other"),
        ),
        _text("account_id", description="Its account, subscription or project, as the bill's SubAccountId has it."),
        _text("region", description="Its region, as the bill's RegionId has it.", is_required=False),
        Column("observed_at", ColumnType.MOMENT, "When the provider still recommended it."),
        _text("recommended_by", description="Whose recommendation it is.", among=SOURCES),
        _text("action", description="What is to be done.", among=ACTIONS),
        _text(
            "current_instance_type", description="Type of the machine, where it is or has machines.", is_required=False
        ),
        _text("recommended_instance_type", description="The type that it should have.", is_required=False),
        Column(
            *("monthly_saving", ColumnType.NUMBER),
            "What it would save a month, as the provider says; empty where it does not.",
            is_required=False,
            least=Decimal(0),
            most=Decimal(10) ** 12 - 1,
        ),
        _text("currency", description="Currency of monthly_saving, ISO 4217.", is_required=False),
        _text("title", description="What the provider says, in a sentence."),
        Column(
            *(
                "details",
                ColumnType.OBJECT,
                "What else it says: saving_percent, effort, restart_needed …",
            ),
            is_required=False,
        ),
    ),
    key=("provider", "recommendation_id", "observed_at"),
    moment="observed_at",
    lands_last_of_day=True,
)
