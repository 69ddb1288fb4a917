"""Write the journal of a published month: read, prove, post, prove again, write."""

from __future__ import annotations

import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from finops.chargeback import closed, csv_file, frozen_rules
from finops.chargeback.closing_models import Closing
from finops.chargeback.compose import compose
from finops.chargeback.journal import config
from finops.chargeback.journal.entries import Digests, entries_of
from finops.chargeback.journal.files import WRITERS
from finops.chargeback.journal.models import Entry, Journal
from finops.chargeback.models import ABSENT, ControlTotal, DailyCost, PublishedMonth, Statement, exact_sum
from finops.chargeback.proof import BILL, prove_statements
from finops.chargeback.service import closed_months, kept_statements, prepare, read
from finops.core import published
from finops.core.atomic import replacing
from finops.core.errors import BadInput, Finding
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.core.state.closing import ClosedPeriod

_FILES = ("statement.csv", "adjustments.csv")


def write(settings: Settings, period: BillingPeriod, out: Path) -> Journal:
    """Write the journal of ``period`` to ``out``, whose ending says whether CSV or XLSX.

    Raise BadInput for the month, the configuration or the file; NotReady when nothing is published; Finding when the
    published totals do not tie out or the entries do not balance. The file is then left as it was.
    """
    writer = WRITERS.get(out.suffix.lower())
    if writer is None:
        raise BadInput(f"{out}: a journal is written as {' or '.join(sorted(WRITERS))}; name a file that ends so")
    months = closed_months(settings)
    closed_month = months.get(period)
    accounts = config.load(frozen_rules.as_closed(settings, closed_month, config.FILE))
    if closed_month is None:
        month = read(settings, published.latest(settings), period, months)
        statements = prepare(month)
        digests = [_digests_of(each) for each in statements]
    else:
        month = _as_closed(settings, closed_month)
        statements = compose(month)
        prove_statements(month, statements)
        digests = _kept_digests(settings, closed_month, statements)
    entries = entries_of(statements, digests, accounts)
    prove(statements, entries)
    try:
        with replacing(out) as path:
            writer(entries, path)
        digest = hashlib.sha256(out.read_bytes()).hexdigest()
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(f"the journal cannot be written: {out}: {reason}; choose another file with --out") from error
    return Journal(out, digest, period, month.build_id, entries)


def _as_closed(settings: Settings, month: ClosedPeriod) -> PublishedMonth:
    """Return a closed month's rows as they were frozen: what was restated since belongs to an open month's books.

    Raise Finding when the frozen file was changed.
    """
    charges = closed.read_charges(settings, month)
    # Which day a cost fell on was not frozen, and neither the entries nor statement.csv tell days apart.
    day = date(month.billing_period.year, month.billing_period.month, 1)
    daily = tuple(
        DailyCost(
            *(c.cost_center, c.provider, c.billing_currency, day, c.charge_category, ABSENT),
            *(c.effective_cost, c.billed_cost),
        )
        for c in charges
    )
    # The bills tied out when the month was closed: it would not be closed otherwise.
    billed: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for charge in charges:
        billed[charge.provider, charge.billing_currency].append(charge.billed_cost)
    totals = tuple(ControlTotal(*key, 1, BILL, len(of), exact_sum(of), None) for key, of in sorted(billed.items()))
    closing = Closing(month.closed_by, month.closed_at)
    adjusted = closed.read_adjustments(settings, month)
    return PublishedMonth(month.build_id, month.billing_period, charges, None, daily, totals, adjusted, closing)


def prove(statements: Sequence[Statement], entries: Sequence[Entry]) -> None:
    """Raise Finding unless every document balances, and all charges of a currency sum to the company's, adjusted."""
    balance: dict[tuple[str, str], int] = defaultdict(int)
    charged: dict[str, int] = defaultdict(int)
    for entry in entries:
        balance[entry.document, entry.currency] += entry.debit - entry.credit
        charged[entry.currency] += 0 if entry.is_clearing else entry.debit - entry.credit
    for (document, currency), units in sorted(balance.items()):
        if units:
            raise Finding(f"journal document {document}: debits and credits in {currency} differ by {units}")
    for section in statements[0].sections:
        if charged[section.currency] != section.adjusted:
            raise Finding(
                f"journal of {statements[0].billing_period}: {section.currency} posted to cost centres is not the "
                "company's total with adjustments; run `finops reconcile`"
            )


def _kept_digests(settings: Settings, month: ClosedPeriod, statements: Sequence[Statement]) -> list[Digests]:
    """Return the digests of each statement's CSV files as they were closed; they hold more than the frozen rows tell.

    Raise Finding when the statements are not what was recorded.
    """
    kept = kept_statements(settings, month)
    return [Digests(*(_sha256(kept / each.slug / name) for name in _FILES)) for each in statements]


def _digests_of(statement: Statement) -> Digests:
    """Return the digests of the statement's CSV files, which the manifest of the published set names as well."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in _FILES]
        csv_file.write_csv(statement, paths[0])
        csv_file.write_adjustments(statement, paths[1])
        return Digests(*map(_sha256, paths))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
