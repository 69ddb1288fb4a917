"""Invoices against what is billed: pure, and the same for any order of rows and entries.

Whatever an invoice's total has more than the bill is split so that a wrong cent cannot hide in a class:

- *tax* and *credit*: what the invoice gives, where the bill has none of it. Where the bill has tax lines of its own,
  these are in the billed sum already, and a difference between the two is no explanation.
- *rounding*: from the exact sum to the whole cent that an invoice asks for, half away from zero, and what the issuer
  says it has rounded besides. A limit of "less than a cent" would let half of all single wrong cents through.
- *unexplained*: the rest; whole cents wherever the total is in cents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from finops.chargeback.invoices.models import BilledInvoice, Comparison, Residue
from finops.core.dimensions import ABSENT
from finops.core.errors import BadInput
from finops.core.money import digits_of, exact_arithmetic, exact_sum, from_units, rounded
from finops.policy.invoices import GivenInvoice
from finops.stores.state.closing import SignOff


def compare(
    rows: Sequence[BilledInvoice], given: Sequence[GivenInvoice], sign_offs: Iterable[SignOff] = ()
) -> tuple[Comparison, ...]:
    """Return the given invoices and the billed ones that nobody gave, by month, provider and name.

    Raise BadInput when two entries claim the same rows.
    """
    owner: dict[BilledInvoice, GivenInvoice] = {}
    covered = {(each.key, each.residue): each for each in sign_offs}
    found = []
    for entry in given:
        mine = _rows_of(entry, rows)
        for row in mine:
            if row in owner:
                raise BadInput(
                    f"{entry.where} and {owner[row].where} are the same invoice of {entry.billing_period}: "
                    f"both claim what the bill says of {row.invoice_issuer_name}, account {row.billing_account_id}, "
                    f"invoice {row.invoice_id}; take one out or name invoice_id"
                )
            owner[row] = entry
        residue = classify(entry, mine)
        hint = "" if mine else f"; the bill has nothing of it{_alternatives(entry, rows)}"
        sign_off = covered.get((entry.key, residue.unexplained))
        found.append(Comparison(entry.billing_period, entry.currency, mine, entry, residue, sign_off, hint))
    others = [row for row in rows if row not in owner]
    found += [Comparison(row.billing_period, row.billing_currency, (row,), None, Residue()) for row in others]
    return tuple(sorted(found, key=lambda c: (c.billing_period, c.provider, c.issuer, c.invoice, c.currency)))


def classify(entry: GivenInvoice, rows: Sequence[BilledInvoice]) -> Residue:
    """Split the invoice's total less what is billed. Without any rows all of it is unexplained."""
    if not rows:
        return Residue(unexplained=entry.total)
    billed = exact_sum(row.billed_cost for row in rows)
    tax = _not_in_the_bill(entry.tax, exact_sum(row.billed_tax for row in rows))
    credit = _not_in_the_bill(entry.credits, exact_sum(row.billed_credits for row in rows))
    explained = exact_sum([billed, tax, credit])
    expected = _as_invoiced(exact_sum([explained, entry.rounding or Decimal(0)]), entry)
    with exact_arithmetic():
        return Residue(tax, credit, expected - explained, entry.total - expected)


def _not_in_the_bill(given: Decimal | None, billed: Decimal) -> Decimal:
    return given if given is not None and billed == 0 else Decimal(0)


def _as_invoiced(amount: Decimal, entry: GivenInvoice) -> Decimal:
    """Round as the invoice is: to the currency's smallest unit, or to more decimals where its total has more."""
    exponent = entry.total.normalize().as_tuple().exponent
    digits = max(digits_of(entry.currency), -exponent if isinstance(exponent, int) else 0)
    return from_units(rounded(amount, digits), digits)


def _rows_of(entry: GivenInvoice, rows: Sequence[BilledInvoice]) -> tuple[BilledInvoice, ...]:
    """Return the rows with the entry's invoice id; else, where it names an account, that account's without any id."""
    possible = [row for row in rows if _is_possible(entry, row)]
    named = tuple(row for row in possible if row.invoice_id == entry.invoice_id)
    if named or entry.billing_account_id is None:
        return named
    return tuple(row for row in possible if row.invoice_id == ABSENT)


def _is_possible(entry: GivenInvoice, row: BilledInvoice) -> bool:
    return (
        row.billing_period == entry.billing_period
        and row.billing_currency == entry.currency
        and entry.issuer in (None, row.invoice_issuer_name)
        and entry.billing_account_id in (None, row.billing_account_id)
    )


def _alternatives(entry: GivenInvoice, rows: Sequence[BilledInvoice]) -> str:
    """Say where else the invoice's id stands, which is where its entry is wrong."""
    same = [row for row in rows if entry.invoice_id is not None and row.invoice_id == entry.invoice_id]
    if not same:
        return ""
    places = {
        f"{r.invoice_issuer_name}, account {r.billing_account_id}, {r.billing_period}, {r.billing_currency}"
        for r in same
    }
    return f" under these names; it has the id under {' and '.join(sorted(places))} (entry: {entry.where})"
