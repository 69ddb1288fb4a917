"""The coverage report adds up what the scan found, per currency, and says nothing that the counts do not."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from finops.conformance import tally
from finops.conformance.applicability import APPLICABILITY
from finops.conformance.models import Coverage, Kind, State
from finops.conformance.scan import Group
from finops.conformance.units import UNIT_FORMAT
from finops.core.focus import COLUMNS

SIZE = len(APPLICABILITY)


def _group(currency: str = "USD", rows: int = 1, cost: str = "1", **found: str | None) -> Group:
    keys = {"service": None, "pricing_unit": None, "consumed_unit": None, "line_type": None, "repairs": None, **found}
    return Group(
        "aws", currency, **keys, rows=rows, billed_cost=Decimal(cost), applicable=(rows,) * SIZE, filled=(0,) * SIZE
    )


def test_every_column_of_focus_has_one_condition_each_with_a_rule_of_its_own_column() -> None:
    assert [each.column for each in APPLICABILITY] == [column.name for column in COLUMNS]
    for each in APPLICABILITY:
        assert re.fullmatch(rf"{each.column}-C-\d{{3}}-[MCO]", each.rule), each


def test_a_column_that_focus_never_leaves_null_is_required_on_every_row() -> None:
    conditions = {each.column: each for each in APPLICABILITY}
    for column in COLUMNS:
        if not column.is_nullable:
            assert conditions[column.name].must, column.name


@pytest.mark.parametrize(
    ("applicable", "filled", "state", "share"),
    [
        (10, 10, State.FILLED, 1.0),
        (10, 9, State.PARTLY, 0.9),
        (10, 0, State.ABSENT, 0.0),
        (0, 0, State.NOT_APPLICABLE, None),
    ],
)
def test_the_state_of_a_column_follows_from_its_counts(
    applicable: int, filled: int, state: State, share: float | None
) -> None:
    each = Coverage("aws", "SkuId", applicable, filled, must=True, rule="SkuId-C-005-C")

    assert (each.state, each.share) == (state, share)
    assert each.is_breach == (filled < applicable)


def test_months_of_a_provider_are_added_up() -> None:
    found = tally.coverage([_group(rows=3), _group(rows=4)])

    assert {(each.applicable, each.filled) for each in found} == {(7, 0)}
    assert len(found) == len(COLUMNS)


def test_spend_on_what_is_unknown_is_kept_apart_by_currency() -> None:
    found = tally.findings(
        [
            _group("USD", 2, "1.5", service="Quantum"),
            _group("USD", 1, "-0.5", service="Quantum", pricing_unit="Q", consumed_unit="Q"),
            _group("EUR", 1, "7", service="Quantum"),
        ],
        known_units={"Hours"},
    )

    services = [(e.name, e.billing_currency, e.rows, e.billed_cost) for e in found if e.kind is Kind.SERVICE]
    units = [(e.name, e.rows) for e in found if e.kind is Kind.UNIT]
    assert services == [("Quantum", "EUR", 1, Decimal(7)), ("Quantum", "USD", 3, Decimal("1.0"))]
    assert units == [("Q", 1)], "one row with the same unit twice is one row"


def test_a_unit_says_whether_it_is_unknown_ill_formed_or_both() -> None:
    groups = [_group(pricing_unit="GB-Mo"), _group(pricing_unit="Hrs"), _group(pricing_unit="Odd-Hrs")]

    found = tally.findings(groups, known_units={"Odd-Hrs"})

    assert {each.name: each.why for each in found} == {
        "GB-Mo": "not in the seed pricing_units, not in FOCUS's unit format",
        "Hrs": "not in the seed pricing_units",
        "Odd-Hrs": "not in FOCUS's unit format",
    }


def test_a_row_with_several_repairs_counts_for_each() -> None:
    found = tally.findings(
        [_group(rows=5, repairs="unit_spelled, region_named"), _group(repairs="unit_spelled")], set()
    )

    assert {(each.name, each.rows) for each in found} == {("unit_spelled", 6), ("region_named", 5)}


@pytest.mark.parametrize(
    "unit", ["GB", "GiB-Hours", "GB/Hour", "1000 Requests", "API Requests/3 Months", "vCPU", "Hours"]
)
def test_units_in_the_form_of_the_specification(unit: str) -> None:
    assert re.fullmatch(UNIT_FORMAT, unit)


@pytest.mark.parametrize("unit", ["GB-Mo", "1K tokens", "LCU-Hrs", "GB/Hours", "requests per second!", "", "10/GB"])
def test_units_that_are_not(unit: str) -> None:
    assert re.fullmatch(UNIT_FORMAT, unit) is None
