"""From the configured sources of telemetry to the landing folder, one source at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from typing import TYPE_CHECKING, Any

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.progress import Progress
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.policy.telemetry import TelemetrySource
    from finops.telemetry.models import IngestReport


def sources_of(settings: Settings, names: Collection[str] = ()) -> list[TelemetrySource]:
    """Return the configured sources in their order, or those of these names. Raise BadInput for an unknown name."""
    from finops.policy.telemetry import load

    sources = load(settings)
    known = [each.name for each in sources]
    for name in names:
        if name not in known:
            there = f"it has {', '.join(known)}" if known else "it has none"
            raise BadInput(f"there is no source {name!r} in telemetry.yml; {there}")
    return [each for each in sources if not names or each.name in names]


def take(
    settings: Settings,
    source: TelemetrySource,
    *,
    days: Collection[date] | None = None,
    accept_smaller: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> IngestReport:
    """Land what is new of one source; one that cannot be read is a rejection, so that it does not stop the others."""
    from finops.telemetry.models import IngestReport, Rejection
    from finops.telemetry.service import ingest

    try:
        return ingest(settings, source, days=days, accept_smaller=accept_smaller, dry_run=dry_run, progress=progress)
    except FinopsError as error:
        reason = f"{source.name}: {error}"
        rejection = Rejection(source.name, source.kind, reason, is_waiting=error.is_retryable)
        return IngestReport(source.name, source.kind, rejections=(rejection,))


def land(settings: Settings, name: str, *, client_for: Callable[[TelemetrySource], Any] = lambda _: None) -> list[str]:
    """Land what is new of one configured source; return its days (YYYY-MM-DD, UTC).

    A file that is still being written only waits. When all else has landed, raise BadInput for a file or a day that was
    refused, and Unavailable for a monitoring system that did not answer. Raise BadInput also when there is no such
    source, or its place does not exist.
    """
    from finops.telemetry.service import ingest

    [source] = sources_of(settings, [name])
    report = ingest(settings, source, client=client_for(source))
    if refused := [each.reason for each in report.rejections if not each.is_waiting]:
        raise BadInput("; ".join(refused))
    if unanswered := [each.reason for each in report.rejections if each.is_unanswered]:
        raise Unavailable("; ".join(unanswered))
    return sorted(str(each.day) for each in report.landed)
