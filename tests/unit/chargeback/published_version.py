"""Builds a published version as the contract of docs/architecture.md has it, from charges that a test lists."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from tests import statement_marts

from finops.chargeback.statement.facts import AllocationEntry
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import budgets, exchange_rates
from finops.stores.state import closing
from finops.stores.state.store import open_state

MART_CHARGEBACK = [
    *("billing_period", "provider", "billing_currency", "cost_center", "provider_name", "service_category"),
    *("service_name", "ai_project", "ai_model", "ai_stage", "charge_category", "has_required_tags"),
]
MEASURES = ("billed_cost", "effective_cost", "contracted_cost", "list_cost")
FCT_DAILY_COSTS = [
    *("billing_period", "provider", "billing_currency", "charge_date", "provider_name", "billing_account_id"),
    *("sub_account_id", "sub_account_name", "region_id", "service_category", "service_name", "charge_category"),
    *("charge_class", "pricing_category", "commitment_discount_status", "cost_center", "ai_project", "ai_model"),
    *("ai_stage", "environment", "has_required_tags"),
]


@dataclass(frozen=True)
class Bill:
    """One row of fct_daily_costs; the other marts are summed from these, as dbt does."""

    charge_date: date
    effective_cost: Decimal
    billed_cost: Decimal
    cost_center: str = "cc-1001"
    provider: str = "aws"
    billing_currency: str = "USD"
    provider_name: str = "Amazon Web Services"
    service_category: str = "Compute"
    service_name: str = "Amazon Elastic Compute Cloud"
    ai_project: str = "atlas"
    ai_model: str = "atlas-7b"
    ai_stage: str = "training"
    charge_category: str = "Usage"
    commitment_discount_status: str = "(none)"
    has_required_tags: bool = True
    contracted_cost: Decimal = Decimal(0)
    list_cost: Decimal = Decimal(0)
    billing_period: str = ""
    billing_account_id: str = "100000000001"
    sub_account_id: str = "200000000001"
    sub_account_name: str = "research"
    region_id: str = "eu-west-1"
    charge_class: str = "(none)"
    pricing_category: str = "Standard"
    environment: str = "production"
    invoice_issuer_name: str = "Amazon Web Services, Inc."
    invoice_id: str = "(none)"

    @property
    def month(self) -> str:
        return self.billing_period or f"{self.charge_date:%Y-%m}"


def bill(day: str, effective: str, billed: str | None = None, **values: object) -> Bill:
    """Return a row of the daily costs; billed cost equals effective cost unless it is given."""
    return replace(
        Bill(date.fromisoformat(day), Decimal(effective), Decimal(effective if billed is None else billed)),
        **values,  # type: ignore[arg-type]
    )


def publish_version(
    settings: Settings,
    bills: Sequence[Bill],
    *,
    build_id: str = "build-1",
    rates: Sequence[list[object]] = (),
    moved: Mapping[str, Sequence[AllocationEntry]] | None = None,
) -> Path:
    """Write a version with the marts that chargeback reads, and point ``current`` at it.

    ``rates``: rows of mart_exchange_rates. ``moved``: what rules moved, by month. Budgets are those of
    ``budgets.yml``, as in a build.
    """
    import duckdb

    open_state(settings)
    folder = settings.published_dir / "versions" / build_id
    folder.mkdir(parents=True)
    marts = ["fct_daily_costs", "mart_chargeback", "mart_invoices", "mart_reconciliation", "mart_exchange_rates"]
    marts += ["mart_allocated_costs", *statement_marts.TABLES, *statement_marts.VIEWS]
    manifest: dict[str, object] = {
        "build_id": build_id,
        "marts": marts,
        "billing_periods": sorted({each.month for each in bills}),
    }
    manifest["fact"] = {"partitions": []}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with duckdb.connect(str(folder / "finops.duckdb")) as connection:
        _create(connection, "fct_daily_costs", FCT_DAILY_COSTS, ("charge_count",))
        _create(connection, "mart_chargeback", MART_CHARGEBACK)
        connection.execute(
            "create table mart_reconciliation (billing_period varchar, provider varchar, billing_currency varchar, "
            "stage_order integer, stage varchar, row_count bigint, billed_cost decimal(38, 12), "
            "effective_cost decimal(38, 12), difference decimal(38, 12))"
        )
        connection.execute(
            "create table mart_invoices (billing_period varchar, provider varchar, billing_currency varchar, "
            "invoice_issuer_name varchar, billing_account_id varchar, invoice_id varchar, charge_count bigint, "
            "billed_cost decimal(38, 12), billed_charges decimal(38, 12), billed_tax decimal(38, 12), "
            "billed_credits decimal(38, 12), billed_adjustments decimal(38, 12))"
        )
        connection.execute(
            "create table mart_exchange_rates (billing_period varchar, provider varchar, billing_currency varchar, "
            "pricing_currency varchar, rate decimal(38, 12), row_count bigint)"
        )
        _insert(connection, "mart_exchange_rates", list(rates))
        _insert(connection, "mart_invoices", _invoiced(bills))
        _insert(connection, "fct_daily_costs", _summed(bills, FCT_DAILY_COSTS, counted=True))
        _insert(connection, "mart_chargeback", _summed(bills, MART_CHARGEBACK))
        _insert(connection, "mart_reconciliation", _reconciled(bills))
        _create_allocated(connection)
        _insert(connection, "mart_allocated_costs", _allocated(bills, moved or {}))
        closed = statement_marts.closed_in(settings, ((each.provider, each.month) for each in bills))
        statement_marts.create_inputs(connection, closed)
        _insert(connection, "budgets", _budgets(settings, bills))
        reporting, given = _reporting(settings)
        _insert(connection, "reporting_currency", reporting)
        _insert(connection, "reporting_rates", given)
        for name, query in statement_marts.queries(closed).items():
            connection.execute(f"create table {name} as {query}")
    link = settings.published_dir / "current"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("versions") / build_id)
    return folder


def _budgets(settings: Settings, bills: Sequence[Bill]) -> list[list[object]]:
    months = sorted({each.month for each in bills})
    found = [(month, each) for month in months for each in budgets.load(settings, BillingPeriod.parse(month))]
    return [[month, each.currency, each.cost_center, each.amount] for month, each in found]


def _reporting(settings: Settings) -> tuple[list[list[object]], list[list[object]]]:
    """Return the rows of the reporting currency and of the rates that are given or locked, as a build writes them."""
    with open_state(settings).connect() as connection:
        chosen, rates = exchange_rates.known(settings, closing.closed_periods(connection))
    if chosen.reporting_currency is None:
        return [], []
    found = [[str(p), c, each.rate] for (p, c, to), each in rates.items() if to == chosen.reporting_currency]
    return [[chosen.reporting_currency, chosen.provider_rates]], found


def _create(connection: object, mart: str, columns: Iterable[str], counts: Sequence[str] = ()) -> None:
    types = {"charge_date": "date", "has_required_tags": "boolean"}
    parts = [f"{column} {types.get(column, 'varchar')}" for column in columns]
    parts += [f"{measure} decimal(38, 12)" for measure in MEASURES] + [f"{count} bigint" for count in counts]
    connection.execute(f"create table {mart} ({', '.join(parts)})")  # type: ignore[attr-defined]


def _summed(bills: Sequence[Bill], columns: Sequence[str], *, counted: bool = False) -> list[list[object]]:
    groups: dict[tuple[object, ...], list[Bill]] = defaultdict(list)
    for each in bills:
        groups[tuple(each.month if c == "billing_period" else getattr(each, c) for c in columns)].append(each)
    return [
        [*key, *(sum((getattr(b, m) for b in group), Decimal(0)) for m in MEASURES), *([len(group)] if counted else [])]
        for key, group in groups.items()
    ]


_INVOICE_PARTS = {"Usage": 1, "Purchase": 1, "Tax": 2, "Credit": 3, "Adjustment": 4}
"""Charge category → place of its sum behind the billed cost of an invoice."""


def _invoiced(bills: Sequence[Bill]) -> list[list[object]]:
    grain = ("provider", "billing_currency", "invoice_issuer_name", "billing_account_id", "invoice_id")
    counts: dict[tuple[str, ...], int] = defaultdict(int)
    sums: dict[tuple[str, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 5)
    for each in bills:
        key = (each.month, *(getattr(each, column) for column in grain))
        counts[key] += 1
        for place in (0, _INVOICE_PARTS[each.charge_category]):
            sums[key][place] += each.billed_cost
    return [[*key, count, *sums[key]] for key, count in counts.items()]


def _reconciled(bills: Sequence[Bill]) -> list[list[object]]:
    rows: list[list[object]] = []
    grain = ("billing_period", "provider", "billing_currency")
    for month, provider, currency, billed, effective, _, _, count in _summed(bills, grain, counted=True):
        for order, stage in enumerate(("source", "landing", "focus", "daily", "chargeback", "allocated"), start=1):
            measured = effective if order >= 3 else None
            rows.append([month, provider, currency, order, stage, count, billed, measured, Decimal(0)])
    return rows


def _create_allocated(connection: object) -> None:
    connection.execute(  # type: ignore[attr-defined]
        "create table mart_allocated_costs (billing_period varchar, cost_center varchar, provider varchar, "
        "billing_currency varchar, entry_kind varchar, rule_id varchar, rule_version integer, rule_digest varchar, "
        "counterpart varchar, service_category varchar, service_name varchar, share decimal(13, 12), "
        "weight decimal(38, 12), effective_cost decimal(38, 12), billed_cost decimal(38, 12))"
    )


def _allocated(bills: Sequence[Bill], moved: Mapping[str, Sequence[AllocationEntry]]) -> list[list[object]]:
    grain = ("billing_period", "cost_center", "provider", "billing_currency", "service_category", "service_name")
    rows: list[list[object]] = []
    for *whose, category, service, billed, effective, _, _ in _summed(bills, grain):
        own = ["direct", "(none)", 0, "(none)", "(none)", category, service, None, None]
        rows.append([*whose, *own, effective, billed])
    for month, entries in moved.items():
        for each in entries:
            whose = [month, each.cost_center, each.provider, each.billing_currency, each.entry_kind]
            rule = [each.rule_id, each.rule_version, each.rule_digest, each.counterpart, "(none)", "(none)"]
            rows.append([*whose, *rule, each.share, each.weight, each.effective_cost, each.billed_cost])
    return rows


def _insert(connection: object, mart: str, rows: list[list[object]]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into {mart} values ({marks})", rows)  # type: ignore[attr-defined]


assert {f.name for f in fields(Bill)} >= {*FCT_DAILY_COSTS, *MEASURES}
