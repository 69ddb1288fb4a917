"""Targets and thresholds of KPIs: ``kpis.yml``. Without the file, or a key in it, the default counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from finops.core.settings import Settings
from finops.policy.loader import Entry
from finops.policy.loader import load as load_file

FILE = "kpis.yml"

_Percent = Annotated[Decimal, Field(ge=0, le=100, max_digits=9, decimal_places=6, allow_inf_nan=False)]
_Amount = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=6, allow_inf_nan=False)]
_Days = Annotated[int, Field(ge=1, le=3660)]
_Hours = Annotated[int, Field(ge=1, le=8784)]


class KpiTargets(Entry):
    """What a KPI is held against. Percent is 0 to 100; amounts are in the currency of the bill."""

    gpu_utilization_training: _Percent = Field(default=Decimal(80), description="Percent; less is flagged.")
    gpu_utilization_serving: _Percent = Field(default=Decimal(70), description="Percent; less is flagged.")
    transfer_cost_per_gb_epoch: _Amount = Field(default=Decimal("0.05"), description="More is flagged.")
    spot_interruption_rate: _Percent = Field(default=Decimal(15), description="Percent of instances; more is flagged.")
    model_version_cost: _Amount = Field(default=Decimal(50_000), description="More is flagged.")
    staging_over_production: _Percent = Field(
        default=Decimal(20), description="Percent that staging may cost of production; more is flagged."
    )
    stale_checkpoint_days: _Days = Field(default=7, description="Older and never read is stale.")
    archive_after_days: _Days = Field(default=30, description="Older could lie in an archive.")
    tag_compliance: _Percent = Field(default=Decimal(95), description="Percent of spend; less is flagged.")
    allocated_share: _Percent = Field(
        default=Decimal(95), description="Percent of spend with an owner; less is flagged."
    )
    commitment_utilization: _Percent = Field(default=Decimal(90), description="Percent; less is flagged.")
    commitment_coverage: _Percent = Field(default=Decimal(60), description="Percent; less is flagged.")
    forecast_error: _Percent = Field(default=Decimal(10), description="Percent of a month's cost; more is flagged.")
    forecast_coverage: _Percent = Field(
        default=Decimal(92), description="Percent of days within the bounds of 95 %; less is flagged."
    )
    detection_hours: _Hours = Field(default=48, description="Hours from the first abnormal one to the alert.")
    action_success: _Percent = Field(
        default=Decimal(95), description="Percent of actions that were begun and have ended; less is flagged."
    )
    action_hours: _Hours = Field(default=96, description="Hours from asking for an action to done, the median.")
    freshness_hours: _Hours = Field(default=36, description="Hours; data that is older is flagged.")


class _Kpis(Entry):
    targets: KpiTargets = KpiTargets()


def load(settings: Settings) -> KpiTargets:
    """Return the targets. Raise BadInput, naming file, line and key, for an invalid one."""
    content, _ = load_file(settings, FILE, _Kpis)
    return content.targets
