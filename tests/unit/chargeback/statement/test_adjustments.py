"""Nothing that a closed month became is lost or shown twice, whatever is restated and closed in whatever order."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops.chargeback.statement.adjustments import adjustments, shows_adjustments_of
from finops.chargeback.statement.facts import Adjustment, Charge, Origin
from finops.core.periods import BillingPeriod

MONTHS = [BillingPeriod(2026, m) for m in range(1, 5)]
NOWHERE = Origin("", ())
Lines = dict[tuple[str, str], Decimal]
"""Cost centre and service to cost."""


def charges(lines: Lines) -> tuple[Charge, ...]:
    return tuple(
        Charge(owner, "aws", "USD", "AWS", "Compute", service, "p", "m", "s", "Usage", True, cost, cost, cost, cost)
        for (owner, service), cost in lines.items()
    )


def sums(rows: list[Charge | Adjustment]) -> Lines:
    found: Lines = defaultdict(Decimal)
    for row in rows:
        found[row.cost_center, row.service_name] += row.effective_cost
    return {key: cost for key, cost in found.items() if cost}


amounts = st.dictionaries(
    st.tuples(st.sampled_from(["cc-1", "cc-2", "(unallocated)"]), st.sampled_from(["EC2", "S3"])),
    st.decimals(min_value=-1000, max_value=1000, places=12),
)
restatement = st.tuples(st.just("restate"), st.sampled_from(MONTHS), amounts)
close = st.tuples(st.just("close"), st.sampled_from(MONTHS), st.none())


class Books:
    """Months as published, and what was frozen when they closed: the model of a home."""

    def __init__(self) -> None:
        self.published: dict[BillingPeriod, Lines] = {month: {} for month in MONTHS}
        self.frozen: dict[BillingPeriod, tuple[Charge, ...]] = {}
        self.shown: dict[BillingPeriod, tuple[Adjustment, ...]] = {}

    def shown_in(self, month: BillingPeriod) -> tuple[Adjustment, ...]:
        """Return the adjustments in an open month's statement."""
        return tuple(
            each
            for closed in self.frozen
            if shows_adjustments_of(closed, MONTHS, self.frozen) == month
            for each in self.of(closed)
        )

    def of(self, closed: BillingPeriod) -> tuple[Adjustment, ...]:
        before = [a for found in self.shown.values() for a in found if a.billing_period == closed]
        return adjustments(
            closed, self.frozen[closed], charges(self.published[closed]), before, lambda _provider: NOWHERE
        )

    def close(self, month: BillingPeriod) -> None:
        if month not in self.frozen:
            self.shown[month] = self.shown_in(month)
            self.frozen[month] = charges(self.published[month])


@given(st.lists(restatement | close, max_size=30))
def test_what_statements_show_of_a_month_sums_to_what_it_is_now(events) -> None:  # type: ignore[no-untyped-def]
    books = Books()
    for kind, month, lines in events:
        if kind == "restate":
            books.published[month] = lines
        else:
            books.close(month)
    for month in books.frozen:
        ever = [a for found in books.shown.values() for a in found if a.billing_period == month]
        now = list(books.of(month))
        assert sums([*books.frozen[month], *ever, *now]) == sums(list(charges(books.published[month])))


@given(st.lists(restatement | close, max_size=30))
def test_a_change_stands_in_one_statement_at_a_time_and_after_its_month(events) -> None:  # type: ignore[no-untyped-def]
    books = Books()
    for kind, month, lines in events:
        if kind == "restate":
            books.published[month] = lines
        else:
            books.close(month)
    open_months = [month for month in MONTHS if month not in books.frozen]
    for closed in books.frozen:
        showing = [m for m in open_months if any(a.billing_period == closed for a in books.shown_in(m))]
        later = [m for m in open_months if m > closed]
        assert showing in ([], later[:1])
        assert bool(showing) == bool(later and books.of(closed))


def test_what_moved_between_cost_centres_is_two_lines_that_cancel() -> None:
    before, after = charges({("cc-1", "EC2"): Decimal(5)}), charges({("cc-2", "EC2"): Decimal(5)})
    found = adjustments(MONTHS[0], before, after, (), lambda provider: Origin(provider, ()))
    assert [(a.cost_center, a.effective_cost, a.origin.statements_digest) for a in found] == [
        ("cc-1", Decimal(-5), "aws"),
        ("cc-2", Decimal(5), "aws"),
    ]
