"""Months of native bills that hypothesis makes up: what happened, the lines each export shows of it, and what it cost.

An event is a few lines that belong together, each with the columns that differ from ``like.yml``; ``billed`` is what
the provider charges for it, summed by hand with Decimal, per currency.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st
from tests.native_files import LIKE, Row

from finops.core.formats import SourceFormat
from finops.core.money import exact

CURRENCIES = ("USD", "EUR", "JPY")
EXPORTS = {
    "aws": (SourceFormat.AWS_CUR2,),
    "azure": (SourceFormat.AZURE_AMORTIZED, SourceFormat.AZURE_ACTUAL),
    "gcp": (SourceFormat.GCP_DETAILED,),
}


@dataclass(frozen=True)
class Event:
    """Lines by export, and what they cost in ``currency``."""

    lines: dict[SourceFormat, list[Row]]
    currency: str
    billed: Decimal


@dataclass(frozen=True)
class Month:
    """What each of two accounts is charged for: at first, and in the end, after the provider restated the month."""

    early: tuple[list[Event], ...]
    final: tuple[list[Event], ...]


@dataclass(frozen=True)
class Life:
    """The events of one commitment, month by month, from its purchase to its end."""

    months: tuple[list[Event], ...]


def amounts(*, lowest: int = -(10**12)) -> st.SearchStrategy[Decimal]:
    """Amounts as bills write them, of either sign: whole, in cents, in millionths, with ten decimals."""
    return st.builds(
        lambda number, places: Decimal(number).scaleb(-places), st.integers(lowest, 10**12), st.sampled_from((2, 6, 10))
    )


def _plain(value: Decimal) -> str:
    return format(value, "f")


def _aws(currency: str, kind: str, cost: Decimal, **columns: str | Decimal | None) -> Row:
    texts = {name: _plain(value) if isinstance(value, Decimal) else value for name, value in columns.items()}
    return {
        "line_item_line_item_type": kind,
        "line_item_currency_code": currency,
        "line_item_unblended_cost": _plain(cost),
        **texts,
    }


def _of_aws(currency: str, *lines: Row) -> Event:
    billed = sum((exact(str(line["line_item_unblended_cost"])) for line in lines), Decimal(0))
    return Event({SourceFormat.AWS_CUR2: list(lines)}, currency, billed)


AWS_TYPES = (
    *("Usage", "Tax", "Credit", "Refund", "Fee", "EdpDiscount", "PrivateRateDiscount", "BundledDiscount"),
    *("Discount", "SomethingNew", "RIFee", "DiscountedUsage", "SavingsPlanUpfrontFee"),
)


def _aws_plan(currency: str, covered: Decimal, negated: Decimal, effective: Decimal, plan: str) -> Event:
    arn = f"arn:aws:savingsplans::210000000001:savingsplan/{plan}"
    return _of_aws(
        currency,
        _aws(
            currency,
            "SavingsPlanCoveredUsage",
            covered,
            savings_plan_savings_plan_a_r_n=arn,
            savings_plan_savings_plan_effective_cost=effective,
        ),
        _aws(currency, "SavingsPlanNegation", -negated, savings_plan_savings_plan_a_r_n=arn),
    )


@st.composite
def _aws_events(draw: st.DrawFn) -> Event:
    currency = draw(st.sampled_from(CURRENCIES))
    cost = draw(amounts())
    if draw(st.booleans()):
        negated = cost if draw(st.booleans()) else draw(amounts())
        return _aws_plan(currency, cost, negated, draw(amounts()), draw(st.sampled_from("ab")))
    kind = draw(st.sampled_from(AWS_TYPES))
    extra: dict[str, str | Decimal | None] = {}
    if kind in ("RIFee", "DiscountedUsage") or draw(st.booleans()):
        extra["reservation_reservation_a_r_n"] = "arn:aws:ec2:eu-west-1:210000000011:reserved-instances/ri"
        extra["reservation_effective_cost"] = draw(amounts())
    if draw(st.booleans()):
        extra["line_item_net_unblended_cost"] = cost
        line = _aws(currency, kind, draw(amounts()), **extra)
        return Event({SourceFormat.AWS_CUR2: [line]}, currency, exact(cost))
    return _of_aws(currency, _aws(currency, kind, cost, **extra))


def _azure(currency: str, cost: Decimal, charge: str, model: str, benefit: str | None = None) -> Row:
    return {
        "BillingCurrency": currency,
        "PricingCurrency": currency,
        "CostInBillingCurrency": _plain(cost),
        "ChargeType": charge,
        "PricingModel": model,
        **({"BenefitId": benefit, "BenefitName": "a commitment"} if benefit else {}),
    }


def _benefit(model: str, number: int) -> str:
    if model == "Reservation":
        return f"/providers/Microsoft.Capacity/reservationOrders/order-{number}/reservations/reservation-{number}"
    return f"/providers/Microsoft.BillingBenefits/savingsPlanOrders/order-{number}/savingsPlans/plan-{number}"


@st.composite
def _azure_events(draw: st.DrawFn) -> Event:
    currency, cost = draw(st.sampled_from(CURRENCIES)), draw(amounts())
    amortized, actual = SourceFormat.AZURE_AMORTIZED, SourceFormat.AZURE_ACTUAL
    model = draw(st.sampled_from(("OnDemand", "Spot", "Reservation", "SavingsPlan")))
    if model in ("OnDemand", "Spot"):
        charge = draw(st.sampled_from(("Usage", "Purchase", "Refund", "Tax", "Credit", "RoundingAdjustment", "New")))
        line = _azure(currency, cost, charge, model)
        return Event({amortized: [line], actual: [line]}, currency, exact(cost))
    benefit = _benefit(model, draw(st.integers(1, 3)))
    if draw(st.booleans()):
        # The invoice shows the fee; what it is spread over shows on the other export.
        fee = _azure(currency, cost, draw(st.sampled_from(("Purchase", "Refund"))), model, benefit)
        return Event({actual: [fee], amortized: []}, currency, exact(cost))
    charge = draw(st.sampled_from(("Usage", f"Unused{model}")))
    used = _azure(currency, cost, charge, model, benefit)
    return Event({amortized: [used], actual: [{**used, "CostInBillingCurrency": "0"}]}, currency, Decimal(0))


CREDITS = (
    "PROMOTION",
    "DISCOUNT",
    "SUSTAINED_USAGE_DISCOUNT",
    "COMMITTED_USAGE_DISCOUNT",
    "FREE_TIER",
    "SOMETHING_NEW",
)


@st.composite
def _gcp_events(draw: st.DrawFn) -> Event:
    currency, cost = draw(st.sampled_from(CURRENCIES)), draw(amounts())
    kinds = draw(st.lists(st.tuples(st.sampled_from(CREDITS), amounts()), max_size=3))
    line = {
        "currency": currency,
        "cost": float(cost),
        "cost_at_list": float(cost),
        "cost_type": draw(st.sampled_from(("regular", "tax", "adjustment", "rounding_error"))),
        "credits": [{"name": kind, "amount": float(amount), "type": kind} for kind, amount in kinds],
    }
    return Event({SourceFormat.GCP_DETAILED: [line]}, currency, exact(cost) + sum(exact(a) for _, a in kinds))


EVENTS: dict[str, Callable[[], st.SearchStrategy[Event]]] = {
    "aws": _aws_events,
    "azure": _azure_events,
    "gcp": _gcp_events,
}


def ordinary(provider: str) -> Event:
    """Something every account is charged for, so that a month is never withdrawn whole."""
    one = {"aws": "line_item_unblended_cost", "azure": "CostInBillingCurrency", "gcp": "cost"}[provider]
    line = {one: 1}
    currency = {"aws": "USD", "azure": "EUR", "gcp": "USD"}[provider]
    return Event({export: [line] for export in EXPORTS[provider]}, currency, Decimal(1))


@st.composite
def months(draw: st.DrawFn, provider: str) -> Month:
    """A month of a provider: events of two accounts. The first version lacks some and has some that are withdrawn."""
    events = st.lists(EVENTS[provider](), max_size=5)
    final = [[ordinary(provider), *draw(events)] for _ in range(2)]
    early = [[ordinary(provider), *[e for e in known if draw(st.booleans())], *draw(events)] for known in final]
    return Month(tuple(early), tuple(final))


def _shares(draw: st.DrawFn, whole: Decimal, parts: int) -> list[Decimal]:
    """Split an amount into parts that add up to it exactly, at ten decimals; none is 0 unless the amount is tiny."""
    weights = draw(st.lists(st.integers(1, 100), min_size=parts, max_size=parts))
    total = sum(weights)
    first = [(whole * weight / total).quantize(Decimal("1e-10")) for weight in weights[:-1]]
    return [*first, whole - sum(first)]


LENGTH = 3
"""Months of a commitment's life."""
SIZEABLE = 10**6
"""The least that a fee counts, in its last decimal, so that no part of it rounds to nothing."""


@st.composite
def aws_lives(draw: st.DrawFn, number: int) -> Life:
    """A reservation or savings plan: an upfront fee, a recurring fee, usage that it covers, and what goes unused.

    Six numbers in a row are each of the two, paid partly, wholly and not at all upfront.
    """
    currency = draw(st.sampled_from(CURRENCIES))
    is_plan, payment = number % 2 == 0, ("partial", "all", "none")[number // 2 % 3]
    upfront = Decimal(0) if payment == "none" else draw(amounts(lowest=SIZEABLE))
    recurring = [Decimal(0) if payment == "all" else draw(amounts(lowest=SIZEABLE)) for _ in range(LENGTH)]
    found = []
    for month, amortised in enumerate(_shares(draw, upfront, LENGTH)):
        unused, *covered = _shares(draw, amortised + recurring[month], draw(st.integers(2, 4)))
        make = _plan_month if is_plan else _reservation_month
        events = make(currency, number, amortised + recurring[month], recurring[month], unused, covered)
        if month == 0:
            events.append(_upfront(currency, number, upfront, is_plan=is_plan))
        found.append(events)
    return Life(tuple(found))


def _reservation(number: int) -> str:
    return f"arn:aws:ec2:eu-west-1:210000000011:reserved-instances/life-{number}"


def _plan(number: int) -> str:
    return f"arn:aws:savingsplans::210000000001:savingsplan/life-{number}"


def _upfront(currency: str, number: int, fee: Decimal, *, is_plan: bool) -> Event:
    if is_plan:
        return _of_aws(
            currency, _aws(currency, "SavingsPlanUpfrontFee", fee, savings_plan_savings_plan_a_r_n=_plan(number))
        )
    return _of_aws(currency, _aws(currency, "Fee", fee, reservation_reservation_a_r_n=_reservation(number)))


def _plan_month(
    currency: str, number: int, total: Decimal, recurring: Decimal, unused: Decimal, covered: list[Decimal]
) -> list[Event]:
    fee = _aws(
        currency,
        "SavingsPlanRecurringFee",
        recurring,
        savings_plan_savings_plan_a_r_n=_plan(number),
        savings_plan_total_commitment_to_date=total,
        savings_plan_used_commitment=total - unused,
    )
    used = [_aws_plan(currency, each * 2, each * 2, each, f"life-{number}") for each in covered]
    return [_of_aws(currency, fee), *used]


def _reservation_month(
    currency: str, number: int, total: Decimal, recurring: Decimal, unused: Decimal, covered: list[Decimal]
) -> list[Event]:
    """A month under a discount: what is paid and used is net of it, and the gross amounts beside are twice as much."""
    of_fee = (unused * recurring / total).quantize(Decimal("1e-10"))

    def both(name: str, net: Decimal) -> dict[str, Decimal]:
        gross, discounted = f"reservation_{name}", f"reservation_net_{name}"
        return {gross: net * 2, discounted: net}

    fee = _aws(
        currency,
        "RIFee",
        recurring * 2,
        line_item_net_unblended_cost=recurring,
        reservation_reservation_a_r_n=_reservation(number),
        **both("unused_recurring_fee", of_fee),
        **both("unused_amortized_upfront_fee_for_billing_period", unused - of_fee),
    )
    used = [
        _aws(
            currency,
            "DiscountedUsage",
            Decimal(0),
            reservation_reservation_a_r_n=_reservation(number),
            **both("effective_cost", each),
        )
        for each in covered
    ]
    paid = Event({SourceFormat.AWS_CUR2: [fee]}, currency, exact(recurring))
    return [paid, *(_of_aws(currency, each) for each in used)]


@st.composite
def azure_lives(draw: st.DrawFn, number: int) -> Life:
    """A reservation or savings plan, bought at once or by the month, perhaps refunded in part, spread over usage.

    Six numbers in a row are each of the two, bought either way, and refunded or not.
    """
    currency = draw(st.sampled_from(CURRENCIES))
    model = ("Reservation", "SavingsPlan")[number % 2]
    benefit = _benefit(model, 100 + number)
    fees = [draw(amounts(lowest=SIZEABLE)) for _ in range((1, LENGTH)[number // 2 % 2])]
    part = draw(st.integers(1, 99)) if number % 3 == 0 else None
    refund = -(sum(fees) * part / 100).quantize(Decimal("1e-10")) if part else None
    amortized, actual = SourceFormat.AZURE_AMORTIZED, SourceFormat.AZURE_ACTUAL
    found: list[list[Event]] = [[] for _ in range(LENGTH)]
    for month, fee in enumerate(fees):
        found[month].append(_fee(currency, fee, "Purchase", model, benefit))
    if refund is not None:
        found[-1].append(_fee(currency, refund, "Refund", model, benefit))
    for month, whole in enumerate(_shares(draw, sum(fees) + (refund or 0), LENGTH)):
        for place, share in enumerate(_shares(draw, whole, draw(st.integers(2, 3)))):
            charge = f"Unused{model}" if place == 1 else "Usage"
            used = _azure(currency, share, charge, model, benefit)
            shown = {**used, "CostInBillingCurrency": "0"}
            found[month].append(Event({amortized: [used], actual: [shown]}, currency, Decimal(0)))
    return Life(tuple(found))


def _fee(currency: str, cost: Decimal, charge: str, model: str, benefit: str) -> Event:
    line = _azure(currency, cost, charge, model, benefit)
    return Event({SourceFormat.AZURE_ACTUAL: [line], SourceFormat.AZURE_AMORTIZED: []}, currency, exact(cost))


LIKE_OF = {
    SourceFormat.AWS_CUR2: "aws_cur2",
    SourceFormat.AZURE_AMORTIZED: "azure_mca",
    SourceFormat.AZURE_ACTUAL: "azure_mca",
    SourceFormat.GCP_DETAILED: "gcp_detailed_resource",
}


def complete(line: Row, export: SourceFormat, period: str, account: int) -> Row:
    """Return the line with every column its export has, in its month and account."""
    day = f"{period}-10"
    own: Row
    if export is SourceFormat.AWS_CUR2:
        own = {
            "bill_billing_period_start_date": f"{period}-01 00:00:00",
            "line_item_usage_start_date": f"{day} 08:00:00",
            "line_item_usage_end_date": f"{day} 09:00:00",
            "bill_payer_account_id": f"21000000000{account}",
        }
    elif export is SourceFormat.GCP_DETAILED:
        own = {
            "billing_account_id": f"01AB23-CD45EF-00000{account}",
            "usage_start_time": f"{day}T08:00:00Z",
            "usage_end_time": f"{day}T09:00:00Z",
            "invoice": {"month": period.replace("-", "")},
        }
    else:
        year, month = period.split("-")
        own = {
            "BillingAccountId": f"5e98e158-xxxx:56bae242-xxx{account}_2019-05-31",
            "BillingProfileId": f"MRBT-PROFILE-0{account}",
            "BillingPeriodStartDate": f"{month}/01/{year}",
            "BillingPeriodEndDate": f"{month}/28/{year}",
            "Date": f"{month}/10/{year}",
        }
    return {**LIKE[LIKE_OF[export]], **own, **line}
