"""A week with everything that a page can meet: all standings, both grains, two currencies, gaps, hostile names."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.unit.review.published_kpis import MONDAY, Value, value, weeks

HOSTILE = "<script>alert(1)</script>"
LONG = "a-subject-with-a-name-that-does-not-end-" * 6


def full_week() -> list[Value]:
    """Return the values of twelve weeks, and of the months they are in."""
    found: list[Value] = []
    for number, week in enumerate(weeks(12)):
        drift = Decimal(100 + number * 3 + (25 if week == MONDAY else 0)) / 100
        for currency in ("EUR", "USD"):
            common = {"billing_currency": currency}
            for place, subject in enumerate(("cc-1001", "cc-1002", "cc-1003", HOSTILE, LONG)):
                cost = Decimal(1200 - 90 * place) * (drift if place % 2 == 0 else 1)
                found.append(value(subject, week, f"{cost}", f"{520 - 40 * place}", target=Decimal("2.5"), **common))
        utilization = {
            "kpi": "gpu_utilization_training",
            "kpi_name": "GPU utilisation in training",
            "unit": "percent",
            "better": "higher",
            "target": Decimal(80),
        }
        if number != 4:  # a week without telemetry: a gap, not a zero
            for place, subject in enumerate(("H100", "A100", "L4")):
                share = Decimal(60 + 4 * place - number)
                found.append(value(subject, week, f"{share * 100}", "100", **utilization))
        tiny = {
            "kpi": "cost_per_thousand_inferences",
            "kpi_name": "Cost per 1,000 predictions",
            "unit": "amount per 1,000 predictions",
        }
        for place, subject in enumerate(("atlas-7b", "atlas-13b")):
            requests = 0 if week == MONDAY else 900_000
            found.append(value(subject, week, f"{30 + place * 4 + number}", f"{requests}", **tiny))
        total = {"kpi": "idle_gpu_cost", "kpi_name": "Cost of idle GPUs", "unit": "amount"}
        for place, subject in enumerate(("cc-1001", "cc-1002")):
            found.append(value(subject, week, f"{123456.78 * (place + 1) - 4000 * number:.2f}", None, **total))
    month = {
        "kpi": "allocated_share",
        "kpi_name": "Cost with an owner",
        "unit": "percent",
        "better": "higher",
        "grain": "month",
        "target": Decimal(95),
    }
    for number, period in enumerate(("2024-11", "2024-12", "2025-01", "2025-02")):
        monday = MONDAY - timedelta(weeks=4 * (3 - number))
        for provider, share in (("aws", 96 + number), ("gcp", 99)):
            row = {"billing_period": period, "provider": provider, **month}
            found.append(value(provider, monday, f"{share * 1000}", "1000", **row))
    age = {"kpi": "data_freshness", "kpi_name": "Age of the newest data", "unit": "hours", "billing_currency": "(none)"}
    row = {"billing_period": "2025-02", "provider": "(all)", "grain": "month", "target": Decimal(36), **age}
    found += [
        value(f"billing {source}", MONDAY, hours, "1", **row) for source, hours in (("cur", "20"), ("gcp", "30.5"))
    ]
    return found
