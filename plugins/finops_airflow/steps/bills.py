"""Bills: which sources there are, and landing what is new of them."""

from __future__ import annotations

from collections.abc import Iterable

from finops.core.errors import BadInput
from finops.core.machine import one_line_errors
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.pipelines import landing
from finops.pipelines.landing import LandReport
from finops_airflow.steps.common import with_own_event


@one_line_errors()
def sources_of(provider: Provider | None = None) -> list[str]:
    """Return the names of the configured sources: of a cloud, of all other vendors (ANY_VENDOR), or of all."""
    return landing.sources_of(Settings(), provider)


@one_line_errors()
def land_source(name: str, billing_period: str | None = None) -> LandReport:
    """Land what is new of one source, of one billing period or of all that the source offers."""
    from finops_airflow.clients import client_for

    period = None if billing_period is None else BillingPeriod.parse(billing_period)
    return landing.land(Settings(), name, period, client_for=client_for)


@one_line_errors()
def landed_periods(reports: Iterable[LandReport]) -> list[str]:
    """Return the billing periods that any of the sources has landed, each once, in order."""
    return sorted({period for report in reports for period in report["landed"]})


@one_line_errors()
def fail_on_blocked(reports: Iterable[LandReport]) -> None:
    """Raise BadInput when a delivery was quarantined or refused, naming each."""
    blocked = [line for report in reports for line in report["blocked"]]
    if blocked:
        raise with_own_event(BadInput("; ".join(blocked)))
