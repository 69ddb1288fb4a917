"""A mail names the figures of the attached statement."""

from __future__ import annotations

from finops.core.periods import BillingPeriod
from finops.delivery.models import Package
from finops.delivery.targets.mail import compose


def test_the_total_charged_stands_in_the_text_where_the_manifest_names_one() -> None:
    direct = {"billing_currency": "EUR", "effective_cost": "7.01", "billed_cost": "7.00"}
    more = {**direct, "billing_currency": "USD", "effective_cost": "33.34", "total_charged": "41.24"}
    package = Package("cc-1001", "cc-1001", BillingPeriod(2026, 6), "build-1", "final", (more, direct), ())
    text = compose(package, "finops@meridian.example", "lead@meridian.example").get_body().get_content()
    assert [line.strip() for line in text.splitlines() if "effective" in line] == [
        "effective cost 33.34 USD, billed cost 7.00 USD, total charged 41.24 USD",
        "effective cost 7.01 EUR, billed cost 7.00 EUR",
    ]
