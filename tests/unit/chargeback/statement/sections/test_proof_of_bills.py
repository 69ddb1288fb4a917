"""A figure that is labelled as the bill's is the bill's; rounding stands in a row of its own name."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.chargeback.statement.test_statements_add_up import charge, month_of

from finops.chargeback.month import prepare
from finops.chargeback.statement.models import ROUNDING

THIRDS = ("0.004", "10.004", "20.004")


def company_of(*amounts: str):
    rows = [charge(each, provider=name) for name, each in zip(("aws", "azure", "gcp"), amounts, strict=True)]
    return prepare(month_of(rows))[0].sections[0]


def test_each_bill_is_rounded_on_its_own_and_rounding_is_a_row() -> None:
    # Together 30.012, which is 30.01: by largest remainder one of the bills would be shown a cent higher than it is.
    section = company_of(*THIRDS)
    assert [tie.bill for tie in section.tie_out] == [0, 1000, 2000]
    assert [tie.statements for tie in section.tie_out] == [0, 1000, 2000]
    assert all(tie.difference == Decimal(0) for tie in section.tie_out)
    assert section.total.billed == 3001
    assert section.rounding_of_bills == 1


def test_the_companys_providers_say_what_the_proof_says() -> None:
    section = company_of(*THIRDS)
    providers = section.breakdown("provider")
    assert providers is not None
    found = {line.labels[0]: line.shown.billed for line in providers.lines}
    assert found == {"gcp": 2000, "azure": 1000, "aws": 0, ROUNDING: 1}
    assert [line.labels[0] for line in providers.lines][-1] == ROUNDING


def test_without_a_cent_left_over_there_is_no_row_of_rounding() -> None:
    section = company_of("1.10", "2.20", "3.30")
    providers = section.breakdown("provider")
    assert section.rounding_of_bills == 0
    assert providers is not None
    assert ROUNDING not in {line.labels[0] for line in providers.lines}


def test_a_cent_of_rounding_is_not_explained_as_amortisation() -> None:
    # Effective and billed cost are the same where no commitment is, up to a fraction that no cent shows.
    rows = [charge("10.004", "10.006"), charge("5", "5", provider="azure")]
    section = prepare(month_of(rows))[0].sections[0]
    assert section.total.effective - section.total.billed == -1
    assert [(step.label, step.amount) for step in section.bridge] == [(ROUNDING, -1)]


def test_a_mover_that_is_all_of_its_service_has_the_services_figures() -> None:
    names = ("a", "b", "c")
    now = [charge("0.335", service_name=name, ai_model=name) for name in names]
    before = [charge("10.335", service_name=name, ai_model=name) for name in names]
    section = prepare(month_of(now, before))[0].sections[0]
    services = section.breakdown("service")
    assert services is not None
    shown = {line.labels[0]: line.shown for line in services.lines}
    assert {each.service_name: each.shown for each in section.falls} == shown
