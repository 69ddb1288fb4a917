"""Check published months against their invoices, and record who answers for a difference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from finops.chargeback.invoices.compare import compare
from finops.chargeback.invoices.models import BilledInvoice, Comparison, InvoiceCheck
from finops.core.errors import BadInput, NotReady
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import invoices
from finops.stores import published
from finops.stores.published import Publication
from finops.stores.state import closing
from finops.stores.state.closing import SignOff
from finops.stores.state.store import open_state

_BILLED = """
    select billing_period, provider, billing_currency, invoice_issuer_name, billing_account_id, invoice_id,
        charge_count, billed_cost, billed_tax, billed_credits
    from mart_invoices
"""


def check(settings: Settings, periods: Sequence[BillingPeriod] = ()) -> InvoiceCheck:
    """Compare the invoices of published months; empty ``periods``: all of them.

    Raise BadInput for a month that is not published or an ``invoices.yml`` that cannot be used, NotReady when nothing
    is published.
    """
    publication = published.latest(settings)
    rows = read_billed(publication)
    known = sorted({row.billing_period for row in rows})
    for period in periods:
        if period not in known:
            there_are = ", ".join(map(str, known)) or "none"
            raise BadInput(f"billing period {period} is not published; there are {there_are}")
    given, warnings = invoices.load(settings)
    with open_state(settings).connect() as connection:
        signed = closing.sign_offs(connection)
    wanted = set(periods or known)
    billed = [row for row in rows if row.billing_period in wanted]
    found = compare(billed, [each for each in given if each.billing_period in wanted], signed)
    return InvoiceCheck(publication.build_id, found, warnings)


def sign_off(
    settings: Settings, period: BillingPeriod, invoice_id: str, *, by: str, reason: str, currency: str | None = None
) -> Comparison:
    """Record that ``by`` answers for what is unexplained of an invoice now. Return the invoice as it then stands.

    ``invoice_id`` is the invoice's, or its billing account where it has none. Raise BadInput when there is no such
    invoice, nothing of it is unexplained, or ``by`` or ``reason`` says nothing.
    """
    signed_by, why = named(by, "--by"), named(reason, "--reason")
    found = [
        each
        for each in check(settings, [period]).comparisons
        if each.given is not None
        and invoice_id in (each.given.invoice_id, each.given.billing_account_id)
        and currency in (None, each.currency)
    ]
    if not found:
        says = f"no invoice {invoice_id!r} of {period} is given in {invoices.FILE}"
        raise BadInput(f"{says}; see `finops invoices check`")
    if len(found) > 1:
        raise BadInput(f"{len(found)} invoices of {period} are called {invoice_id!r}; say which with --currency")
    comparison = found[0]
    if not comparison.is_open or comparison.given is None:
        raise BadInput(f"invoice {invoice_id} of {period} {comparison.status}: there is nothing to sign for")
    made = SignOff(comparison.given.key, comparison.residue.unexplained, signed_by, why, datetime.now(UTC))
    with open_state(settings).begin() as connection:
        closing.record_sign_off(connection, made)
    comparisons = check(settings, [period]).comparisons
    return next(each for each in comparisons if each.given and each.given.key == made.key)


def named(text: str, option: str) -> str:
    """Return ``text`` without space around it. Raise BadInput when nothing is left."""
    if not (kept := " ".join(text.split())):
        raise BadInput(f"{option} is empty: what is recorded needs a name and a reason that can be read later")
    return kept


def read_billed(publication: Publication) -> tuple[BilledInvoice, ...]:
    """Return all of ``mart_invoices``. Raise NotReady when the version was published before there was such a mart."""
    if "mart_invoices" not in publication.marts:
        raise NotReady("what is published has no mart_invoices yet; run `finops build`")
    with publication.connect() as connection:
        rows = connection.execute(_BILLED).fetchall()
    return tuple(sorted((BilledInvoice(BillingPeriod.parse(m), *rest) for m, *rest in rows), key=str))
