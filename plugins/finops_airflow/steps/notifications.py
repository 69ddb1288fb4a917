"""Notifications: what people are to be told."""

from __future__ import annotations

from finops.core.errors import Finding
from finops.core.machine import one_line_errors
from finops.core.settings import Settings
from finops.pipelines import notices


@one_line_errors()
def deliver_notifications() -> dict[str, int]:
    """Send what people are to be told; return how many messages were sent, put off and parked.

    Raise Finding when an event could be told through no channel at all.
    """
    from finops_airflow.clients import channel_client_for

    report = notices.deliver(Settings(), connections=channel_client_for)
    if report.untold:
        raise Finding(f"{report.untold} events reach nobody: {'; '.join(report.faults[-3:])}")
    return {"sent": report.sent, "put_off": report.put_off, "parked": report.parked}
