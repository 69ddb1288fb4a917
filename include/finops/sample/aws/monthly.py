"""The lines a month has once: support, tax, credits, refunds, marketplace, and discounts that stand alone."""

from __future__ import annotations

from random import Random
from typing import Any

from finops.sample.aws.block import Block, billed, row, single_lines
from finops.sample.aws.commitments import arn
from finops.sample.chance import seeded
from finops.sample.company import AWS_ACCOUNTS, AWS_PAYER, Account
from finops.sample.lines import Month
from finops.sample.series import Series

MONTHLY_LINES = 60
_VAT = 0.2
_SELLERS = (
    ("Weights & Biases, Inc.", "W&B Teams, seats", 2350.0),
    ("Snowflake Inc.", "Snowflake Data Cloud, capacity", 4120.55),
    ("Databricks, Inc.", "Databricks Lakehouse, DBU", 1878.25),
)
_Row = tuple[Series, dict[str, float]]


def monthly(seed: int, month: Month, spent: float) -> Block:
    """Return exactly ``MONTHLY_LINES`` rows; support is a share of what was ``spent``."""
    rng = seeded("aws", seed, "monthly", month.period)
    rows = [*_support(spent), *_marketplace(rng), *_credits(rng, month, spent), *_fees(rng)]
    while len(rows) < MONTHLY_LINES:
        rows.append(_zones(AWS_ACCOUNTS[len(rows) % len(AWS_ACCOUNTS)], 1))
    return single_lines(rows[:MONTHLY_LINES], [(0, month.hours)] * MONTHLY_LINES)


def _plain(account: Account, service: str, kind: str, text: str, cost: float, usage_type: str = "", **own: Any) -> _Row:
    own.setdefault("line_item_usage_type", usage_type or None)
    return row(account, service, kind, text, **own), billed(round(cost, 2)) | {"line_item_usage_amount": 1.0}


def _tax(account: Account, service: str, cost: float, text: str = "", **own: Any) -> _Row:
    text = f"Tax for product code {service}{text}"
    return _plain(account, service, "Tax", text, cost * _VAT, line_item_tax_type="VAT", **own)


def _support(spent: float) -> list[_Row]:
    fee = max(spent * 0.03, 100.0)
    text = "3% of monthly AWS usage from $1M+"
    # Support is metered in dollars spent, so AWS writes it as usage of dollars.
    support, amounts = _plain(AWS_PAYER, "AWSSupportEnterprise", "Usage", text, fee, "Dollar", pricing_unit="Dollar")
    return [
        (support, amounts | {"line_item_usage_amount": round(spent, 2)}),
        _plain(AWS_PAYER, "AWSSupportEnterprise", "EdpDiscount", "Enterprise Discount Program Discount", -fee * 0.06),
        _tax(AWS_PAYER, "AWSSupportEnterprise", fee * 0.94),
    ]


def _marketplace(rng: Random) -> list[_Row]:
    made = []
    for number, (seller, text, cost) in enumerate(_SELLERS):
        account = AWS_ACCOUNTS[number]
        code = "".join(seeded(seller).choices("0123456789abcdefghijklmnopqrstuvwxyz", k=25))
        entity = {"bill_billing_entity": "AWS Marketplace", "line_item_legal_entity": seller}
        amount = round(cost * rng.uniform(0.9, 1.1), 2)
        product = (("product_name", text.split(",", maxsplit=1)[0]),)
        made.append(_plain(account, code, "Usage", text, amount, "MP:subscription-Units", product=product, **entity))
        made.append(_tax(account, code, amount, product=product, **entity))
    return made


def _credits(rng: Random, month: Month, spent: float) -> list[_Row]:
    research, product = AWS_ACCOUNTS[0], AWS_ACCOUNTS[2]
    made = [
        _plain(research, "AmazonSageMaker", "Credit", "AWS_Startup_ML_Credit", -spent * 0.012, "Host:ml.g5.2xlarge"),
        _plain(product, "AmazonBedrock", "Credit", "MAP_Engagement_Credit", -spent * 0.004),
        _plain(AWS_PAYER, "AWSDataTransfer", "PrivateRateDiscount", "Private rate card data transfer", -spent * 0.001),
        _plain(product, "AmazonS3", "BundledDiscount", "Free GETs bundled with Macie", -spent * 0.0003),
    ]
    if month.period.month % 3 == 2:
        own = {"bill_bill_type": "Refund"}
        text = "Service credit for instance outage"
        made.append(_plain(product, "AmazonEC2", "Refund", text, -213.37, "BoxUsage:g5.xlarge", **own))
        plan = {"savings_plan_savings_plan_a_r_n": arn("savingsplan", "compute", "No Upfront", month.period.year)}
        amount = -rng.uniform(20, 40)
        made.append(_plain(AWS_PAYER, "ComputeSavingsPlans", "Refund", "Savings Plan return", amount, **own, **plan))
    return made


def _fees(rng: Random) -> list[_Row]:
    made = []
    for account in AWS_ACCOUNTS:
        zones, asked = rng.randint(2, 9), rng.randint(20, 90) * 0.01
        text = "Cost Explorer API requests"
        made += [
            _zones(account, zones),
            _plain(account, "AWSCostExplorer", "Usage", text, asked, "USE1-APIRequest", pricing_unit="Requests"),
            _tax(account, "AmazonRoute53", zones * 0.5, f" {account.name}"),
        ]
    return made


def _zones(account: Account, count: int) -> _Row:
    text = "$0.50 per Hosted Zone for the first 25 Hosted Zones"
    line, amounts = _plain(
        account, "AmazonRoute53", "Usage", text, count * 0.5, "HostedZone", pricing_unit="HostedZone"
    )
    return line, amounts | {"line_item_usage_amount": float(count)}
