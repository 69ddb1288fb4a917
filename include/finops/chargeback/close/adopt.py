"""Take closed months back into a state store that knows nothing of them."""

from __future__ import annotations

from finops.chargeback.publish import final
from finops.core.locks import exclusive
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores import closed_files
from finops.stores.state import closing
from finops.stores.state.closing import ClosedPeriod
from finops.stores.state.store import begin_state, is_begun


def adopt(settings: Settings, *, dry_run: bool = False) -> tuple[ClosedPeriod, ...]:
    """Record the months whose files are kept as closed and that the state store does not know; return their records.

    Each record is the one that was kept with the month. A missing state store is begun. With ``dry_run`` nothing is
    written. Raise Finding when a file is not what its record says, BadInput when a month has no record to read.
    """
    with exclusive(settings, "statements"):
        known = _recorded(settings)
        found = [closed_files.read_record(settings, period) for period in closed_files.unrecorded(settings, known)]
        for record in found:
            final.kept_statements(settings, record)
            for name in record.frozen:
                closed_files.verified(settings, record, name)
        if not dry_run:
            with begin_state(settings).begin() as connection:
                for record in found:
                    closing.record_closed(connection, record)
    return tuple(found)


def _recorded(settings: Settings) -> dict[BillingPeriod, ClosedPeriod]:
    if not is_begun(settings):
        return {}
    with begin_state(settings).connect() as connection:
        return closing.closed_periods(connection)
