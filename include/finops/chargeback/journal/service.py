"""Write the journal of a published month: read, prove, post, prove again, write."""

from __future__ import annotations

import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from finops.chargeback.close import closed, frozen_rules
from finops.chargeback.close.models import Closing
from finops.chargeback.formats import csv_file
from finops.chargeback.journal.entries import Digests, entries_of
from finops.chargeback.journal.files import WRITERS
from finops.chargeback.journal.models import Entry, Journal
from finops.chargeback.journal.shared_cost import has_shared_cost
from finops.chargeback.service import closed_months, kept_statements, prepare, read
from finops.chargeback.statement.compose import compose
from finops.chargeback.statement.facts import (
    ABSENT,
    UNALLOCATED,
    Charge,
    ControlTotal,
    DailyCost,
    PublishedMonth,
    exact_sum,
)
from finops.chargeback.statement.models import Statement
from finops.chargeback.statement.proof import BILL, prove_shared, prove_statements
from finops.chargeback.statement.shared import DirectTotal
from finops.core.atomic import replacing
from finops.core.errors import BadInput, Finding
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import accounts as gl_accounts
from finops.policy import allocation
from finops.policy.accounts import Accounts
from finops.stores import published
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
        month = _as_closed(settings, closed_month)
        prove_shared(month)
        statements = compose(month)
        prove_statements(month, statements)
        digests = _kept_digests(settings, closed_month, statements)
    entries = entries_of(statements, digests, accounts)
    prove(statements, entries, accounts)
    try:
        with replacing(out) as path:
            writer(entries, path)
        digest = hashlib.sha256(out.read_bytes()).hexdigest()
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(f"the journal cannot be written: {out}: {reason}; choose another file with --out") from error
    notices = tuple(_notices(closed_month, statements[0], digests[0], accounts))
    return Journal(out, digest, period, month.build_id, entries, notices)


def _accounts(settings: Settings, month: ClosedPeriod | None) -> Accounts:
    """Return the accounts of a month, frozen with it or as they are now; the rules they name lie beside them."""
    frozen_rules.as_closed(settings, month, allocation.FILE)
    return gl_accounts.load(frozen_rules.as_closed(settings, month, gl_accounts.FILE))


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
    adjusted, moved = closed.read_adjustments(settings, month), closed.read_entries(settings, month)
    found = PublishedMonth(month.build_id, month.billing_period, charges, None, daily, totals, adjusted, closing)
    return found if moved is None else replace(found, entries=moved, direct_totals=_direct_totals(charges))


def _direct_totals(charges: Sequence[Charge]) -> tuple[DirectTotal, ...]:
    """Return what ``mart_allocated_costs`` had of the charges, to which it was held when the month was closed."""
    groups: dict[tuple[str, str, str], list[Charge]] = defaultdict(list)
    for each in charges:
        groups[each.cost_center, each.provider, each.billing_currency].append(each)
    return tuple(
        DirectTotal(*key, exact_sum(c.effective_cost for c in of), exact_sum(c.billed_cost for c in of))
        for key, of in sorted(groups.items())
    )


def _notices(month: ClosedPeriod | None, company: Statement, digests: Digests, accounts: Accounts) -> Iterator[str]:
    """Yield what the journal leaves out of what the statements charge, and why."""
    if month is not None and closed.ALLOCATED not in month.frozen:
        if digests.shared:
            yield f"Shared cost was not frozen when {month.billing_period} was closed, so none is posted"
    elif accounts.allocated is None and has_shared_cost(company):
        file = gl_accounts.FILE if month is None else f"the {gl_accounts.FILE} of the close"
        yield f"Shared cost is not posted: {file} has no section `allocated` with its accounts"


def prove(statements: Sequence[Statement], entries: Sequence[Entry], accounts: Accounts) -> None:
    """Raise Finding unless every document balances and every cost centre is posted what its statement charges it.

    Together with what nobody owns that is, per currency, the company's total with adjustments.
    """
    balance: dict[tuple[str, str], int] = defaultdict(int)
    posted: dict[tuple[str, str], int] = defaultdict(int)
    for entry in entries:
        balance[entry.document, entry.currency] += entry.debit - entry.credit
        if not entry.is_clearing:
            posted[entry.cost_center, entry.currency] += entry.debit - entry.credit
    for (document, currency), units in sorted(balance.items()):
        if units:
            raise Finding(f"journal document {document}: debits and credits in {currency} differ by {units}")
    period, charged = statements[0].billing_period, _charged(statements, accounts)
    for owner, currency in sorted({*posted, *charged}):
        if units := posted[owner, currency] - charged.get((owner, currency), 0):
            raise Finding(
                f"journal of {period}: {currency} posted to {owner[:100]!r} differs by {units} from what its "
                "statement charges; run `finops reconcile`"
            )
    for section in statements[0].sections:
        if sum(units for (_, currency), units in posted.items() if currency == section.currency) != section.adjusted:
            raise Finding(
                f"journal of {period}: {section.currency} posted to cost centres is not the "
                "company's total with adjustments; run `finops reconcile`"
            )


def _charged(statements: Sequence[Statement], accounts: Accounts) -> dict[tuple[str, str], int]:
    """Return what is to be posted to each cost centre by currency, by its statement or, of no owner, the company's."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    with_shared = accounts.allocated is not None
    for section in statements[0].sections:
        loose = section.unallocated.shown.effective if section.unallocated else 0
        lines = section.adjustments.lines if section.adjustments else ()
        loose += sum(line.effective for line in lines if line.adjustment.cost_center == UNALLOCATED)
        loose += section.shared.of_owner(UNALLOCATED).effective if with_shared and section.shared else 0
        found[accounts.unallocated.cost_center, section.currency] += loose
    for statement in statements[1:]:
        for section in statement.sections:
            owed = section.charged if with_shared else section.adjusted
            found[str(statement.cost_center), section.currency] += owed
    return found


def _kept_digests(settings: Settings, month: ClosedPeriod, statements: Sequence[Statement]) -> list[Digests]:
    """Return the digests of each statement's CSV files as they were closed; they hold more than the frozen rows tell.

    Raise Finding when the statements are not what was recorded.
    """
    kept = kept_statements(settings, month)
    return [_digests_in(kept / each.slug) for each in statements]


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
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "" for path in others]
    return Digests(csv_file.figures_sha256(folder / "statement.csv"), *digests)
