"""The assets that tie the DAGs together. The partition key of each is a billing period, ``YYYY-MM``."""

from __future__ import annotations

from airflow.sdk import Asset

from finops.core.providers import ANY_VENDOR, CLOUDS, Provider

LANDED: dict[Provider, Asset] = {
    provider: Asset(name=f"landed_{provider}", uri=f"finops://landing/{provider}", group="billing")
    for provider in (*CLOUDS, ANY_VENDOR)
}
"""A provider's bill of that period has landed: new, or restated."""

RESYNC = Asset(name="landed_but_not_built", uri="finops://landing/resync", group="billing")
"""The period lies in the landing folder and has to be built: found by the hourly check."""

PUBLISHED = Asset(name="published_marts", uri="finops://published/marts", group="marts")
"""The period's marts passed the gate and are what readers see."""

KPIS_DUE = Asset(name="outdated_kpis", uri="finops://published/outdated-kpis", group="kpis")
"""The period's KPIs are missing, or older than its published bills or landed telemetry."""

KPIS = Asset(name="published_kpis", uri="finops://published/kpis", group="kpis")
"""The period's KPIs passed the gate and are what readers see."""

CLOSED = Asset(name="closed_months", uri="finops://closed/months", group="statements")
"""The period is closed, and a target still lacks its final statements: found by the hourly check."""

OUTDATED = Asset(name="outdated_statements", uri="finops://published/outdated", group="statements")
"""The open month's statements are missing, or older than what is published: found by the hourly check."""

FORECASTS_DUE = Asset(name="outdated_forecasts", uri="finops://published/outdated-forecasts", group="forecasts")
"""The forecasts are older than the bills of that period: found by the hourly check."""

FORECASTS = Asset(name="published_forecasts", uri="finops://published/forecasts", group="forecasts")
"""The forecasts that count the bills of that period passed the gate and are what readers see."""

INCIDENTS_DUE = Asset(name="outdated_incidents", uri="finops://published/outdated-incidents", group="incidents")
"""The incidents are older than forecasts, feedback or the bills of that period: found by the hourly check."""

INCIDENTS = Asset(name="published_incidents", uri="finops://published/incidents", group="incidents")
"""The incidents that count the bills of that period passed the gate and are what readers see."""
