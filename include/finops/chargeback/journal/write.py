"""Write the journal of a published month: read, prove, post, prove again, write."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from finops.chargeback.close import closed
from finops.chargeback.formats import csv_file
from finops.chargeback.journal.entries import Digests, entries_of
from finops.chargeback.journal.files import WRITERS
from finops.chargeback.journal.models import Journal
from finops.chargeback.journal.proof import prove
from finops.chargeback.journal.shared_cost import has_shared_cost
from finops.chargeback.month import compose_proven, prepare, read, read_closed
from finops.chargeback.publish.final import kept_statements
from finops.chargeback.statement.models import Statement
from finops.core.atomic import replacing, sha256_of
from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import accounts as gl_accounts
from finops.policy import allocation
from finops.policy.accounts import Accounts
from finops.stores import published
from finops.stores.closed_files import closed_months
from finops.stores.state.closing import ClosedPeriod


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
    accounts = _accounts(settings, closed_month)
    if closed_month is None:
        month = read(settings, published.latest(settings), period, months)
        statements = prepare(month)
        digests = [_digests_of(each) for each in statements]
    else:
        month = read_closed(settings, closed_month)
        statements = compose_proven(month)
        # Of the files as they were closed: they hold more than the frozen rows tell.
        kept = kept_statements(settings, closed_month)
        digests = [_digests_in(kept / each.slug) for each in statements]
    entries = entries_of(statements, digests, accounts)
    prove(statements, entries, accounts)
    try:
        with replacing(out) as path:
            writer(entries, path)
        digest = sha256_of(out)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(f"the journal cannot be written: {out}: {reason}; choose another file with --out") from error
    notices = tuple(_notices(closed_month, statements[0], digests[0], accounts))
    return Journal(out, digest, period, month.build_id, entries, notices)


def _accounts(settings: Settings, month: ClosedPeriod | None) -> Accounts:
    """Return the accounts of a month, frozen with it or as they are now; the rules they name lie beside them."""
    closed.as_closed(settings, month, allocation.FILE)
    return gl_accounts.load(closed.as_closed(settings, month, gl_accounts.FILE))


def _notices(month: ClosedPeriod | None, company: Statement, digests: Digests, accounts: Accounts) -> Iterator[str]:
    """Yield what the journal leaves out of what the statements charge, and why."""
    if month is not None and closed.ALLOCATED not in month.frozen:
        if digests.shared:
            yield f"Shared cost was not frozen when {month.billing_period} was closed, so none is posted"
    elif accounts.allocated is None and has_shared_cost(company):
        file = gl_accounts.FILE if month is None else f"the {gl_accounts.FILE} of the close"
        yield f"Shared cost is not posted: {file} has no section `allocated` with its accounts"


def _digests_of(statement: Statement) -> Digests:
    """Return the digests of the files that the statement is published with."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        csv_file.write_csv(statement, folder / "statement.csv")
        csv_file.write_adjustments(statement, folder / "adjustments.csv")
        if statement.has_shared_lines:
            csv_file.write_shared(statement, folder / "shared.csv")
        return _digests_in(folder)


def _digests_in(folder: Path) -> Digests:
    others = [folder / name for name in ("adjustments.csv", "shared.csv")]
    digests = [csv_file.figures_sha256(path) if path.exists() else "" for path in others]
    return Digests(csv_file.figures_sha256(folder / "statement.csv"), *digests)
