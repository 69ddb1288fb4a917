"""Telemetry: which sources there are, and landing what is new of them."""

from __future__ import annotations

from finops.core.machine import one_line_errors
from finops.core.settings import Settings
from finops.pipelines import telemetry


@one_line_errors()
def telemetry_sources() -> list[str]:
    """Return the names of the sources of telemetry; none without telemetry.yml."""
    return [each.name for each in telemetry.sources_of(Settings())]


@one_line_errors()
def land_telemetry(name: str) -> list[str]:
    """Land what is new of one source of telemetry; return its days (YYYY-MM-DD).

    When all else has landed, raise BadInput for a file or a day that was refused, and Unavailable for a monitoring
    system that did not answer.
    """
    from finops_airflow.clients import telemetry_client_for

    return telemetry.land(Settings(), name, client_for=telemetry_client_for)
