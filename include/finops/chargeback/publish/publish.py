"""Publish a month's statements: read, prove, write beside the old set, move one link."""

from __future__ import annotations

from pathlib import Path

from finops.chargeback.month import prepare, read
from finops.chargeback.publish import final, index, sets
from finops.chargeback.publish.models import StatementSet
from finops.chargeback.statement.adjustments import shows_adjustments_of
from finops.core.locks import exclusive
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores import published
from finops.stores.closed_files import closed_months


def publish(settings: Settings, period: BillingPeriod, out: Path | None = None) -> StatementSet:
    """Write the statements of ``period`` under ``out``, by default the home's ``statements``.

    ``billing_period=YYYY-MM`` is a link to a complete set of files: a set is written beside the one that readers
    have open, and then the link is moved. The set before stays for them until the next publication. Same published
    version, same bytes. A closed month's statements are never made again: its files stay byte for byte, and are put
    back where they are missing.

    Raise BadInput when the period is not published, the folder cannot be written or an exchange rate is missing,
    NotReady when nothing is published, Finding when published totals or the statements do not tie out, or a closed
    month's files were changed; the old set is then untouched.
    """
    target = settings.statements_dir if out is None else out
    with sets.writing(target), exclusive(settings, "statements"):
        months = closed_months(settings)
        if period in months:
            found = final.put_back(settings, months, period, target)
            index.write(settings, target)
            return found
        month = read(settings, published.latest(settings), period, months)
        statements = prepare(month)
        with sets.replacing_set(target, period) as folder:
            manifest = sets.write_set(folder, statements)
        index.write(settings, target)
        return sets.described(sets.link_of(target, period), manifest, statements)


def months_to_write(settings: Settings, period: BillingPeriod) -> list[BillingPeriod]:
    """Return the open months whose statements change when ``period`` is published again.

    The month itself, the one after, which compares with it, and for a closed month the one that shows what it became.
    """
    available, months = published.latest(settings).billing_periods, closed_months(settings)
    wanted = {period, period.next} & set(available) - set(months)
    if period in months and (shown_in := shows_adjustments_of(period, available, months)):
        wanted.add(shown_in)
    return sorted(wanted)
