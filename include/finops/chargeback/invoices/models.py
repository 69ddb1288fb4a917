"""The types of the invoice gate. Amounts are exact, in the invoice's currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from finops.core.dimensions import ABSENT
from finops.core.money import exact_sum
from finops.core.periods import BillingPeriod
from finops.policy.invoices import GivenInvoice
from finops.stores.state.closing import SignOff


@dataclass(frozen=True, slots=True)
class BilledInvoice:
    """One row of ``mart_invoices``: what the bill says of one invoice, or of what it says no invoice of."""

    billing_period: BillingPeriod
    provider: str
    billing_currency: str
    invoice_issuer_name: str
    billing_account_id: str
    invoice_id: str
    charge_count: int
    billed_cost: Decimal
    billed_tax: Decimal
    billed_credits: Decimal


@dataclass(frozen=True, slots=True)
class Residue:
    """An invoice's total less what is billed, by what explains it; the four sum to it exactly."""

    tax: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)
    rounding: Decimal = Decimal(0)
    unexplained: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One invoice. ``given`` is None where the bill names an invoice that nobody has entered.

    ``billed`` is empty where the bill has nothing of a given invoice. ``sign_off`` covers exactly the unexplained
    amount, if it is there.
    """

    billing_period: BillingPeriod
    currency: str
    billed: tuple[BilledInvoice, ...]
    given: GivenInvoice | None
    residue: Residue
    sign_off: SignOff | None = None
    hint: str = ""

    @property
    def provider(self) -> str:
        """The providers whose bills it is in, or a dash."""
        return ", ".join(sorted({row.provider for row in self.billed})) or "–"

    @property
    def issuer(self) -> str:
        """Who issues it: as the entry says, else as the bill does."""
        if self.given is not None and self.given.issuer:
            return self.given.issuer
        return ", ".join(sorted({row.invoice_issuer_name for row in self.billed})) or "–"

    @property
    def invoice(self) -> str:
        """What it is called: its id, or the billing account where it has none."""
        if self.given is not None:
            return self.given.invoice_id or f"account {self.given.billing_account_id}"
        row = self.billed[0]
        return f"account {row.billing_account_id}" if row.invoice_id == ABSENT else row.invoice_id

    @property
    def billed_cost(self) -> Decimal:
        """What the bill says."""
        return exact_sum(row.billed_cost for row in self.billed)

    @property
    def is_open(self) -> bool:
        """Whether an amount is unexplained and nobody has signed for it."""
        return self.residue.unexplained != 0 and self.sign_off is None

    @property
    def status(self) -> str:
        """In one word or two."""
        if self.given is None:
            return "not given"
        if self.residue.unexplained == 0:
            return "ties"
        return "unexplained" if self.sign_off is None else "signed off"

    @property
    def complaint(self) -> str:
        """One line that names invoice, provider, issuer, period and amount."""
        total = self.given.total if self.given is not None else Decimal(0)
        return (
            f"invoice {self.invoice} of {self.provider} ({self.issuer}), billing period {self.billing_period}: "
            f"{self.residue.unexplained:f} {self.currency} is unexplained (invoice {total:f}, billed "
            f"{self.billed_cost:f}){self.hint}"
        )


@dataclass(frozen=True, slots=True)
class InvoiceCheck:
    """The invoices of some months. ``warnings`` are about files that are not there; one line each."""

    build_id: str
    comparisons: tuple[Comparison, ...]
    warnings: tuple[str, ...]

    @property
    def open(self) -> tuple[Comparison, ...]:
        """Those with an unexplained amount that nobody has signed for."""
        return tuple(each for each in self.comparisons if each.is_open)
