"""The invoice gate: what a bill says of an invoice is what the invoice says, or the difference has a name."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.chargeback.published_version import Bill, bill, publish_version
from typer.testing import CliRunner

from finops.chargeback import service
from finops.chargeback.invoices.compare import classify, compare
from finops.chargeback.invoices.models import BilledInvoice
from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import invoices
from finops.policy.invoices import GivenInvoice
from finops.stores.state.closing import SignOff

JUNE = BillingPeriod(2026, 6)
CENT = Decimal("0.01")
exact = st.decimals(min_value=-100_000, max_value=100_000, places=12)
in_cents = st.decimals(min_value=-100_000, max_value=100_000, places=2)


def billed(cost: str | Decimal, tax: str | Decimal = "0", credit: str | Decimal = "0", **names: str) -> BilledInvoice:
    values = {"provider": "aws", "currency": "USD", "issuer": "AWS", "account": "payer", "invoice": "INV-1", **names}
    return BilledInvoice(
        JUNE,
        values["provider"],
        values["currency"],
        values["issuer"],
        values["account"],
        values["invoice"],
        1,
        Decimal(cost),
        Decimal(tax),
        Decimal(credit),
    )


def invoice(total: str | Decimal, **values: object) -> GivenInvoice:
    named = {"where": "entry 1", "currency": "USD", "invoice_id": "INV-1", **values}
    return GivenInvoice(billing_period=JUNE, total=Decimal(total), **named)  # type: ignore[arg-type]


@given(exact, exact, exact, in_cents, st.none() | in_cents, st.none() | in_cents, st.none() | in_cents, st.booleans())
def test_the_classes_sum_to_the_residue_exactly(
    cost: Decimal,
    tax: Decimal,
    credit: Decimal,
    total: Decimal,
    given_tax: Decimal | None,
    given_credits: Decimal | None,
    rounding: Decimal | None,
    has_tax_lines: bool,
) -> None:
    row = billed(cost, tax if has_tax_lines else "0", credit)
    residue = classify(invoice(total, tax=given_tax, credits=given_credits, rounding=rounding), [row])
    assert residue.tax + residue.credit + residue.rounding + residue.unexplained == total - cost


@given(exact, st.sampled_from([CENT, -CENT]), st.booleans())
def test_no_single_wrong_cent_hides_in_rounding_whatever_the_bill(cost: Decimal, wrong: Decimal, is_tax: bool) -> None:
    total = classify(invoice("0"), [billed(cost)]).unexplained.copy_negate()  # what the invoice must ask for
    assert classify(invoice(total), [billed(cost)]).unexplained == 0
    planted = billed(cost + wrong, wrong if is_tax else "0")
    assert classify(invoice(total, tax=Decimal("5") if is_tax else None), [planted]).unexplained == -wrong


def test_tax_and_credits_that_only_the_invoice_has_explain_a_difference() -> None:
    residue = classify(invoice("115.00", tax=Decimal("20.00"), credits=Decimal("-5.00")), [billed("100.001")])
    assert (residue.tax, residue.credit, residue.rounding) == (Decimal(20), Decimal(-5), Decimal("-0.001"))
    assert residue.unexplained == 0


def test_tax_that_the_bill_has_lines_of_explains_nothing() -> None:
    # Else a wrong cent on a tax line would be "tax".
    assert classify(invoice("120.00", tax=Decimal("20.00")), [billed("120.01", tax="20.01")]).unexplained == -CENT


def test_a_rounding_that_the_issuer_names_is_one() -> None:
    residue = classify(invoice("100.04", rounding=Decimal("0.03")), [billed("100.012")])
    assert (residue.rounding, residue.unexplained) == (Decimal("0.028"), 0)


def test_yen_round_to_whole_ones() -> None:
    assert classify(invoice("101", currency="JPY"), [billed("100.5", currency="JPY")]).unexplained == 0


def test_a_total_with_more_decimals_than_the_currency_is_compared_with_these() -> None:
    assert classify(invoice("100.0047"), [billed("100.00471")]).unexplained == 0
    assert classify(invoice("100.0047"), [billed("100.0049")]).unexplained == Decimal("-0.0002")


def test_an_invoice_that_the_bill_does_not_have_is_unexplained_in_full() -> None:
    (one, other) = compare([billed("10", issuer="Reseller Ltd")], [invoice("10", issuer="AWS")])
    assert {one.status, other.status} == {"unexplained", "not given"}
    unmatched = one if one.given else other
    assert unmatched.residue.unexplained == 10
    assert "it has the id under Reseller Ltd, account payer, 2026-06, USD" in unmatched.complaint


def test_an_account_picks_the_rows_that_name_no_invoice() -> None:
    rows = [
        billed("7", invoice="(none)", account="A", issuer="Google Cloud"),
        billed("3", invoice="(none)", account="A", issuer="Partner"),
        billed("5", invoice="(none)", account="B"),
    ]
    found = compare(rows, [invoice("10", invoice_id=None, billing_account_id="A")])
    assert [(each.invoice, each.status) for each in found] == [("account B", "not given"), ("account A", "ties")]


def test_two_entries_for_the_same_rows_are_refused() -> None:
    rows = [billed("7", invoice="(none)", account="A")]
    twice = [
        invoice("7", invoice_id=None, billing_account_id="A"),
        invoice("7", invoice_id="X", billing_account_id="A", where="entry 2"),
    ]
    with pytest.raises(BadInput, match="entry 2 and entry 1 are the same invoice of 2026-06"):
        compare(rows, twice)


def test_a_sign_off_covers_its_amount_and_no_other() -> None:
    entry = invoice("10.05")
    signed = SignOff(entry.key, Decimal("0.05"), "Ann", "late fee", datetime(2026, 7, 1, tzinfo=UTC))
    assert compare([billed("10")], [entry], [signed])[0].status == "signed off"
    assert compare([billed("10.01")], [entry], [signed])[0].is_open


# -- invoices.yml -------------------------------------------------------------------------------------------------


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Settings]:
    """Return settings whose configuration folder holds this invoices.yml."""
    folder = tmp_path / "config"
    folder.mkdir()

    def write(text: str) -> Settings:
        (folder / "invoices.yml").write_text(text, encoding="utf-8")
        return Settings(home=tmp_path / "home", config_dir=folder)

    return write


def test_amounts_are_taken_digit_by_digit(configured: Callable[[str], Settings]) -> None:
    text = "invoices:\n  - {invoice_id: I, billing_period: 2026-06, currency: USD, total: 0.1000000000000001}\n"
    with pytest.raises(BadInput, match=r"invoices.yml:2: invoices\[1\].total: .*no more than 12 decimal places"):
        invoices.load(configured(text))
    (entry,), _ = invoices.load(configured(text.replace("0.1000000000000001", "90071992547409.93")))
    assert entry.total == Decimal("90071992547409.93")


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("{billing_period: 2026-06, currency: USD, total: 1}", r"invoices\[1\]: needs invoice_id"),
        ("{invoice_id: I, billing_period: 2026-13, currency: USD, total: 1}", "billing_period: .*'2026-13'"),
        ("{invoice_id: I, billing_period: 2026-06, currency: usd, total: 1}", "currency: .*'usd'"),
        ("{invoice_id: I, billing_period: 2026-06, currency: USD, total: much}", "total: .*'much'"),
        ("{invoice_id: I, billing_period: 2026-06, currency: USD, total: .nan}", "total: "),
        ("{invoice_id: I, billing_period: 2026-06, currency: USD}", "missing key total"),
        (
            "{invoice_id: I, billing_period: 2026-06, currency: USD, total: 1, amount: 2}",
            "amount: unknown key; known keys are billing_period",
        ),
        ("nonsense", r"invoices\[1\]: must be a mapping"),
    ],
)
def test_a_wrong_entry_is_named_with_file_and_key(
    configured: Callable[[str], Settings], entry: str, complaint: str
) -> None:
    with pytest.raises(BadInput, match=rf"invoices.yml:2: .*{complaint}"):
        invoices.load(configured(f"invoices:\n  - {entry}\n"))


def test_a_listed_file_holds_more_invoices_and_one_that_is_not_there_is_a_warning(
    configured: Callable[[str], Settings],
) -> None:
    settings = configured('files: ["{home}/a.csv", "{home}/b.csv"]\n')
    settings.root.mkdir()
    (settings.root / "a.csv").write_text("invoice_id,billing_period,currency,total,tax\nI,2026-06,USD,12.34,\n")
    (entry,), (warning,) = invoices.load(settings)
    assert (entry.invoice_id, entry.total, entry.tax) == ("I", Decimal("12.34"), None)
    assert "b.csv" in warning
    (settings.root / "a.csv").write_text("invoice_id,billing_period,currency,total\nI,2026-06,USD,12;34\n")
    with pytest.raises(BadInput, match=r"a.csv:2: total: .*'12;34'"):
        invoices.load(settings)


# -- through the commands -----------------------------------------------------------------------------------------


def month() -> list[Bill]:
    return [
        bill("2026-06-03", "60.004", invoice_id="INV-1"),
        bill("2026-06-03", "39.999", invoice_id="INV-1", cost_center="cc-1002"),
    ]


def test_a_planted_cent_exits_1_and_names_invoice_provider_and_period(
    configured: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    from finops.cli import app

    settings = configured("invoices:\n- {invoice_id: INV-1, billing_period: 2026-06, currency: USD, total: 100.00}\n")
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(settings.config_dir))
    publish_version(settings, month())
    tied = CliRunner().invoke(app, ["invoices", "check"])
    assert tied.exit_code == 0
    assert "1 invoices: 1 tie to the cent, 0 not given." in tied.output
    publish_version(settings, [*month()[:1], bill("2026-06-03", "40.009", invoice_id="INV-1")], build_id="build-2")
    refused = CliRunner().invoke(app, ["invoices", "check", "--billing-period", "2026-06", "--json"])
    assert refused.exit_code == 1
    (line,) = json.loads(refused.stdout)["invoices"]
    assert (line["invoice"], line["provider"], line["billing_period"]) == ("INV-1", "aws", "2026-06")
    assert line["residue"]["unexplained"] == "-0.01"
    said = CliRunner().invoke(app, ["invoices", "check"])
    assert "invoice INV-1 of aws (Amazon Web Services, Inc.), billing period 2026-06: -0.01 USD" in said.output


def test_a_sign_off_is_recorded_by_name_and_reason_and_holds_for_that_amount_alone(
    configured: Callable[[str], Settings],
) -> None:
    settings = configured("invoices:\n- {invoice_id: INV-1, billing_period: 2026-06, currency: USD, total: 100.02}\n")
    publish_version(settings, month())
    for by, reason in ((" ", "why"), ("Ann", "\t")):
        with pytest.raises(BadInput, match="is empty"):
            service.sign_off(settings, JUNE, "INV-1", by=by, reason=reason)
    assert len(service.check_invoices(settings).open) == 1
    assert service.sign_off(settings, JUNE, "INV-1", by="Ann", reason="late fee").status == "signed off"
    assert service.check_invoices(settings).open == ()
    with pytest.raises(BadInput, match="signed off: there is nothing to sign for"):
        service.sign_off(settings, JUNE, "INV-1", by="Ann", reason="late fee")
    publish_version(settings, [*month(), bill("2026-06-04", "1", invoice_id="INV-1")], build_id="build-2")
    assert [each.residue.unexplained for each in service.check_invoices(settings).open] == [Decimal("-0.98")]


def test_what_cannot_be_signed_for_is_refused(configured: Callable[[str], Settings]) -> None:
    settings = configured("invoices:\n- {invoice_id: INV-1, billing_period: 2026-06, currency: USD, total: 100.00}\n")
    publish_version(settings, month())
    with pytest.raises(BadInput, match="ties: there is nothing to sign for"):
        service.sign_off(settings, JUNE, "INV-1", by="Ann", reason="x")
    with pytest.raises(BadInput, match="no invoice 'INV-2' of 2026-06 is given"):
        service.sign_off(settings, JUNE, "INV-2", by="Ann", reason="x")
    with pytest.raises(BadInput, match="2031-01 is not published; there are 2026-06"):
        service.check_invoices(settings, [BillingPeriod(2031, 1)])
