"""KPIs: which months are due, and their build, gate and publication."""

from __future__ import annotations

from finops.core.machine import one_line_errors
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.pipelines import kpis
from finops_airflow.steps.common import BuildReport, written


@one_line_errors()
def outdated_kpis() -> list[str]:
    """Return the months whose KPIs are not made of what is published and landed now, those that failed so left out."""
    return written(kpis.pending(Settings()))


@one_line_errors()
def build_kpis(billing_period: str | None, *, retry: bool = False) -> BuildReport | None:
    """Build the KPIs of a billing period, or of the first that is pending; None when there is nothing to do.

    With ``retry`` a month that failed is tried again.
    """
    found = kpis.pending(Settings(), retry=retry)
    months = [each for each in found if billing_period in (None, str(each))]
    if not months:
        return None
    candidate = kpis.build(Settings(), months[0])
    return BuildReport(build_id=candidate.build_id, billing_periods=written(candidate.billing_periods))


@one_line_errors()
def pass_kpi_gate(build_id: str, billing_period: str) -> None:
    """Check a finished build of KPIs. Raise Finding when it may not be published."""
    kpis.gate(Settings(), build_id, BillingPeriod.parse(billing_period))


@one_line_errors()
def publish_kpis(build_id: str) -> None:
    """Publish a build of KPIs that passed the gate."""
    kpis.publish(Settings(), build_id)
