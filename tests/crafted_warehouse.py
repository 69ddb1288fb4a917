"""A small warehouse made by hand, as a finished dbt build leaves one, for the tests of the gate and of publication.

It obeys the contract of the published marts, ties to the ledger to the last decimal, and holds commitments,
corrections, credits and two currencies, so that a fault planted in it is the only fault it has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from finops.core.focus import COLUMNS, Kind
from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.quality.suites.mart_allocation_sources import ASKED_FOR
from finops.stores.candidate import BuiltPeriod, Candidate, save_candidate
from finops.stores.published import PLAIN_READER
from finops.stores.state import builds, ledger, period_inputs
from finops.stores.state.store import open_state
from tests import model_descriptions, statement_marts

Scope = Sequence[tuple[str, str]]

MARTS = {
    "mart_costs_by_service": "provider_name, service_category, service_name",
    "mart_costs_by_sub_account": "provider_name, billing_account_id, sub_account_id, sub_account_name",
    "mart_costs_by_ai_model": "ai_project, ai_model, ai_stage",
    "mart_costs_by_region": "provider_name, region_id",
    "mart_chargeback": "cost_center, provider_name, service_category, service_name, ai_project, ai_model, ai_stage,"
    " charge_category, has_required_tags",
}
_DAILY = (
    "charge_period_start::date as charge_date, provider_name, billing_account_id, sub_account_id, sub_account_name,"
    " region_id, service_category, service_name, charge_category, coalesce(charge_class, '(none)') as charge_class,"
    " pricing_category, coalesce(commitment_discount_status, '(none)') as commitment_discount_status,"
    " coalesce(tags ->> 'cost-center', '(unallocated)') as cost_center,"
    " if(tags is null, '(none)', 'tag') as cost_center_source, 'robots' as ai_project, 'arm-7' as ai_model,"
    " 'training' as ai_stage, 'production' as environment,"
    " '(none)' as value_sources, tags is not null as has_required_tags"
)
_ALLOCATED = (
    "cost_center, 'direct' as entry_kind, '(none)' as rule_id, 0 as rule_version, '(none)' as rule_digest,"
    " '(none)' as counterpart, service_category, service_name, null::decimal(13,12) as share,"
    " null::decimal(38,12) as weight"
)
_SELECTED = (
    "cost_center, service_category, service_name, "
    + ", ".join(f"null::varchar as {column}" for column in ASKED_FOR)
    + ", '(none)' as rule_id, 0 as rule_version"
)
_RULE = (
    "rule_id, rule_version, rule_digest, 1 as rule_order, 'pool' as rule_kind, null::varchar as driver,"
    " null::varchar as unit, null::decimal(21,12) as unit_price, null::decimal(12,8) as markup_rate"
)
_COMMITMENT = (
    "commitment_discount_id, max(commitment_discount_name) as commitment_discount_name,"
    " max(commitment_discount_category) as commitment_discount_category,"
    " max(commitment_discount_type) as commitment_discount_type, null::date as expires_on, "
    + ", ".join(
        f"sum(if({when}, {cost}, 0))::decimal(38,12) as {name}"
        for name, when, cost in (
            ("purchased_cost", "charge_category = 'Purchase'", "billed_cost"),
            ("used_cost", "commitment_discount_status = 'Used'", "effective_cost"),
            ("unused_cost", "commitment_discount_status = 'Unused'", "effective_cost"),
            ("used_list_cost", "commitment_discount_status = 'Used'", "list_cost"),
            ("used_contracted_cost", "commitment_discount_status = 'Used'", "contracted_cost"),
            ("billed_cost", "true", "billed_cost"),
            ("effective_cost", "true", "effective_cost"),
        )
    )
)
_MEASURES = ", ".join(
    f"sum({m})::decimal(38,12) as {m}" for m in ("billed_cost", "effective_cost", "contracted_cost", "list_cost")
)
_TYPES = {Kind.TEXT: "varchar", Kind.DECIMAL: "decimal(38,12)", Kind.MOMENT: "timestamp", Kind.JSON: "varchar"}


def craft(
    settings: Settings,
    scope: Scope,
    *,
    build_id: str = "build-1",
    lines: int = 200,
    revision: int = 0,
    marts: Sequence[str] | None = None,
) -> None:
    """Land, build and offer as candidate the (provider, billing period) pairs in ``scope``, as one build does.

    ``marts`` names the tables to build; all of them when it is None.
    """
    settings.warehouse_dir.mkdir(parents=True, exist_ok=True)
    (settings.warehouse_dir / "candidate.json").unlink(missing_ok=True)
    for provider, period in scope:
        write_fact(settings, provider, period, lines, revision)
    with duckdb.connect(str(settings.warehouse_path)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("create schema if not exists marts")
        reader = PLAIN_READER.replace("{root}", str(settings.focus_dir))
        connection.execute(f"create or replace view main.fct_focus_costs as {reader}")
        landed = {pair: _land(settings, connection, *pair, revision) for pair in scope}
        _build_marts(settings, connection, scope, marts)
        model_descriptions.comment(connection)
    with open_state(settings).begin() as state:
        builds.start_build(state, build_id)
        replaces = builds.published_by(state)
    built = [
        BuiltPeriod(item.provider, item.billing_period, item.digest, tuple(d.delivery_id for d in item.deliveries))
        for item in landed.values()
    ]
    closed = tuple(sorted({month for _, month, _ in statement_marts.closed_in(settings, scope)}))
    save_candidate(settings, Candidate(build_id, tuple(built), closed=closed, replaces=replaces))


def write_fact(settings: Settings, provider: str, period: str, lines: int, revision: int) -> Path:
    """Write one partition of the fact, as dbt's COPY does: temporary name, rename."""
    part = settings.focus_dir / f"provider={provider}" / f"billing_period={period}" / "part.parquet"
    part.parent.mkdir(parents=True, exist_ok=True)
    start = f"timestamp '{period}-01'"
    known = {
        "billing_account_id": "'payer-1'",
        "billing_currency": "case when i % 17 = 0 then 'EUR' else 'USD' end",
        "billing_period_start": start,
        "billing_period_end": f"{start} + interval 1 month",
        "charge_period_start": f"{start} + interval (i % days) day + interval (i % 24) hour",
        "charge_period_end": f"{start} + interval (i % days) day + interval (i % 24 + 1) hour",
        "charge_category": "case i % 20 when 0 then 'Tax' when 1 then 'Credit' when 2 then 'Purchase' else 'Usage' end",
        "charge_class": "case when i % 20 = 5 then 'Correction' end",
        "charge_description": "'line ' || i",
        "charge_frequency": "case when i % 20 = 2 then 'Recurring' else 'Usage-Based' end",
        "commitment_discount_id": "case when i % 20 in (2, 3, 4) then 'plan-1' end",
        "commitment_discount_category": "case when i % 20 in (2, 3, 4) then 'Spend' end",
        "commitment_discount_type": "case when i % 20 in (2, 3, 4) then 'Savings Plan' end",
        "commitment_discount_status": "case i % 20 when 3 then 'Used' when 4 then 'Unused' end",
        "billed_cost": "case when i % 20 in (3, 4) then 0 else amount end",
        "effective_cost": "case when i % 20 = 2 then 0 else amount end",
        "contracted_cost": "case when i % 20 = 2 then 0 else amount end",
        "list_cost": "case when i % 20 = 2 then 0 else amount * 2 end",
        "invoice_issuer_name": f"'{provider.upper()} Inc.'",
        "provider_name": f"'{provider.upper()}'",
        "publisher_name": f"'{provider.upper()}'",
        "pricing_category": "case when i % 20 in (3, 4) then 'Committed' else 'Standard' end",
        "pricing_quantity": "1",
        "region_id": "'region-' || i % 3",
        "resource_id": "'resource-' || i % 40",
        "service_category": "'Compute'",
        "service_name": "'service-' || i % 5",
        "sub_account_id": "'account-' || i % 4",
        "sub_account_name": "'=account ' || i % 4",
        "tags": "case when i % 10 <> 9 then json_object('cost-center', 'cc-100' || (1 + i % 4)) end",
    }
    columns = ",\n".join(
        f"({known.get(c.snake, 'null')})::{_TYPES[c.kind]} as {c.snake}" for c in sorted(COLUMNS, key=lambda c: c.name)
    )
    temporary = part.with_name("tmp_part.parquet")
    with duckdb.connect() as connection:
        connection.execute(f"""
            copy (
                select {columns}, 'Usage' as x_charge_type, null::varchar as x_source_changes
                from (
                    select
                        i,
                        date_diff('day', {start}, {start} + interval 1 month) as days,
                        case when i % 20 in (1, 5) then -1 else 1 end
                        * (((i * 7919 + {revision}) % 100000) / 1000)::decimal(38, 12)
                        + i * 0.000000000001::decimal(38, 12) as amount
                    from range({lines}) as lines (i)
                )
            ) to '{temporary}' (format parquet)
        """)
    temporary.replace(part)
    return part


def edit(settings: Settings, statement: str) -> None:
    """Plant a fault in the warehouse's tables."""
    with duckdb.connect(str(settings.warehouse_path)) as connection:
        connection.execute(statement)


def edit_fact(settings: Settings, provider: str, period: str, projection: str, where: str = "true") -> None:
    """Plant a fault in one partition of the fact: rewrite it as ``select <projection> from fact where <where>``."""
    part = settings.focus_dir / f"provider={provider}" / f"billing_period={period}" / "part.parquet"
    temporary = part.with_name("tmp_part.parquet")
    with duckdb.connect() as connection:
        fact = f"read_parquet('{part}', hive_partitioning = false)"
        rows = f"select {projection} from {fact} as fact where {where}"
        connection.execute(f"copy ({rows}) to '{temporary}' (format parquet)")
    temporary.replace(part)


def _build_marts(
    settings: Settings, connection: duckdb.DuckDBPyConnection, scope: Scope, marts: Sequence[str] | None
) -> None:
    chosen = " or ".join(f"(provider = '{p}' and billing_period = '{m}')" for p, m in scope)
    keys = "billing_period, provider, billing_currency"
    models = {
        "fct_daily_costs": f"select {keys}, {_DAILY}, {_MEASURES}, count(*) as charge_count"
        f" from main.fct_focus_costs where {chosen} group by all",
        **{
            name: f"select {keys}, {grain}, {_MEASURES} from marts.fct_daily_costs where {chosen} group by all"
            for name, grain in MARTS.items()
        },
        "mart_invoices": f"select {keys}, invoice_issuer_name, billing_account_id, coalesce(invoice_id, '(none)') as"
        " invoice_id, count(*) as charge_count, sum(billed_cost)::decimal(38,12) as billed_cost, "
        + ", ".join(
            f"coalesce(sum(billed_cost) filter (charge_category in ({kinds})), 0)::decimal(38,12) as {name}"
            for name, kinds in (
                ("billed_charges", "'Usage', 'Purchase'"),
                ("billed_tax", "'Tax'"),
                ("billed_credits", "'Credit'"),
                ("billed_adjustments", "'Adjustment'"),
            )
        )
        + f" from main.fct_focus_costs where {chosen} group by all",
        "mart_allocated_costs": f"select {keys}, {_ALLOCATED}, sum(billed_cost)::decimal(38,12) as billed_cost,"
        " sum(effective_cost)::decimal(38,12) as effective_cost"
        f" from marts.fct_daily_costs where {chosen} group by all",
        "mart_allocation_sources": f"select {keys}, {_SELECTED}, sum(charge_count)::bigint as charge_count,"
        " sum(billed_cost)::decimal(38,12) as billed_cost, sum(effective_cost)::decimal(38,12) as effective_cost"
        f" from marts.fct_daily_costs where {chosen} group by all",
        "mart_allocation_rules": f"select {keys}, {_RULE}, billed_cost, effective_cost"
        f" from marts.mart_allocated_costs where ({chosen}) and entry_kind <> 'direct'",
        "mart_commitments": f"select {keys}, {_COMMITMENT}"
        f" from main.fct_focus_costs where ({chosen}) and commitment_discount_id is not null group by all",
        "mart_reconciliation": _reconciliation(settings, scope),
        "mart_exchange_rates": f"select {keys}, 'USD' as pricing_currency, 1::decimal(38,12) as rate,"
        " 1::bigint as row_count from marts.fct_daily_costs where false",
    }
    closed = statement_marts.closed_in(settings, scope)
    statement_marts.create_inputs(connection, closed)
    models |= statement_marts.queries(closed, chosen, "marts")
    for name, query in models.items():
        if marts is not None and name not in marts:
            continue
        if name in statement_marts.VIEWS:
            connection.execute(f"create or replace view marts.{name} as {query}")
            continue
        connection.execute(f"create table if not exists marts.{name} as select * from ({query}) limit 0")
        connection.execute(f"delete from marts.{name} where {chosen}")
        connection.execute(f"insert into marts.{name} {query}")


def _reconciliation(settings: Settings, scope: Scope) -> str:
    stages = []
    with open_state(settings).connect() as state:
        for provider, period in scope:
            for delivery in ledger.current(state, Provider(provider), BillingPeriod.parse(period)):
                for total in delivery.totals:
                    for order, stage in ((1, "source"), (2, "landing")):
                        stages.append(
                            f"select {order} as stage_order, '{stage}' as stage, '{period}' as billing_period,"
                            f" '{provider}' as provider, '{total.billing_currency}' as billing_currency,"
                            f" {total.row_count} as row_count, {total.billed_cost}::decimal(38,12) as billed_cost,"
                            " null::decimal(38,12) as effective_cost"
                        )
    chosen = " or ".join(f"(provider = '{p}' and billing_period = '{m}')" for p, m in scope)
    tables = ((3, "focus", "main.fct_focus_costs"), (4, "daily", "marts.fct_daily_costs"))
    marts = ((5, "chargeback", "marts.mart_chargeback"), (6, "allocated", "marts.mart_allocated_costs"))
    for order, stage, table in (*tables, *marts):
        stages.append(
            f"select {order}, '{stage}', billing_period, provider, billing_currency, count(*),"
            f" sum(billed_cost)::decimal(38,12), sum(effective_cost)::decimal(38,12) from {table}"
            f" where {chosen} group by all"
        )
    key = "billing_period, provider, billing_currency"
    return f"""
        with stages as ({" union all ".join(stages)})
        select
            {key}, stage_order, stage, row_count, billed_cost, effective_cost,
            billed_cost - max(billed_cost) filter (where stage = 'source') over (partition by {key}) as difference
        from stages
    """


def _land(
    settings: Settings, connection: duckdb.DuckDBPyConnection, provider: str, period: str, revision: int
) -> period_inputs.PeriodInput:
    rows = connection.execute(
        "select billing_currency, count(*), sum(billed_cost), sum(billed_cost) from main.fct_focus_costs"
        f" where provider = '{provider}' and billing_period = '{period}' group by all order by all"
    ).fetchall()
    totals = tuple(ledger.Total(*row) for row in rows)
    identity = hashlib.sha256(f"{provider}/{period}/{revision}".encode()).hexdigest()
    month = BillingPeriod.parse(period)
    now = datetime.now(UTC)
    delivery = ledger.Delivery(
        delivery_id=identity[:32],
        provider=Provider(provider),
        source="bill",
        format=SourceFormat.FOCUS,
        billing_period=month,
        fingerprint=identity,
        origin="made by hand",
        produced_at=now,
        landed_at=now,
        relative_path=identity,
        row_count=sum(total.row_count for total in totals),
        byte_count=1,
        billing_accounts=("payer-1",),
        totals=totals,
    )
    with open_state(settings).begin() as state:
        if ledger.find(state, delivery.delivery_id) is None:
            ledger.record(state, delivery)
        else:
            ledger.point_at(state, delivery)
    with open_state(settings).connect() as state:
        (item,) = [
            i for i in period_inputs.landed(state) if (i.provider, i.billing_period) == (delivery.provider, month)
        ]
    return item
