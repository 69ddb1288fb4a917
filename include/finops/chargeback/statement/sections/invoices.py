"""How the bills tied to their invoices when the month was closed, for the formats that show nothing else of them."""

from __future__ import annotations

from collections.abc import Iterator

from finops.chargeback.invoices.models import Comparison
from finops.chargeback.statement.models import Statement
from finops.core.money import digits_of
from finops.pages.figures import Cell, Kind, Row, Table


def tables(statement: Statement) -> Iterator[Table]:
    """Yield the invoices of all currencies, if the statement has any."""
    if statement.invoices:
        headings = ("Invoice", "Invoice total", "Billed", "Unexplained", "Currency", "Status", "Signed off by")
        rows = tuple(_row(each) for each in statement.invoices)
        yield Table("invoices", "The bills and their invoices", "as the month was closed", headings, rows)


def _row(each: Comparison) -> Row:
    given = each.given.total if each.given else None
    unexplained = each.residue.unexplained if each.given else None
    signed = f"{each.sign_off.signed_by}: {each.sign_off.reason}" if each.sign_off else ""
    amounts = (Cell(Kind.MONEY, a, digits_of(each.currency)) for a in (given, each.billed_cost, unexplained))
    texts = (Cell.text(text) for text in (each.currency, str(each.status), signed))
    return Row(each.invoice, (*amounts, *texts), f"{each.provider} · {each.issuer}")
