"""What a published version holds behind statement lines: charges of the bills, rules and their entries."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext

from finops.chargeback.explain.models import RuleTerms, Source
from finops.chargeback.statement.facts import Charge
from finops.chargeback.statement.read import CHARGE_KEY
from finops.chargeback.statement.shared import Entry
from finops.core.errors import NotReady
from finops.core.formats import Provider
from finops.core.periods import BillingPeriod
from finops.core.sql import Sql, compose, identifier, join, literal
from finops.stores import published
from finops.stores.published import Publication

RULES, SOURCES = "mart_allocation_rules", "mart_allocation_sources"

COLUMNS = (
    "charge_period_start",
    "charge_period_end",
    "billing_account_id",
    "sub_account_id",
    "resource_id",
    "region_id",
    "service_name",
    "sku_id",
    "charge_category",
    "charge_description",
    "invoice_id",
    "cost_center",
    "effective_cost",
    "billed_cost",
)
"""What is listed of a charge; ``cost_center`` is the one its tags name."""

_OF_TAGS = ("cost_center", "ai_project", "ai_model", "ai_stage", "environment")
_OF_DETAILS = ("sub_account_id", "sub_account_name", "region_id", "charge_class", "pricing_category")
_NOT_SELECTED_BY = {"rule_id", "rule_version", "charge_count", "billed_cost", "effective_cost"}

_CHARGES = """
    with lines as (
        select lines.*, coalesce(resources.resource_rules, '') as resource_rules
        from read_parquet({part}, hive_partitioning = false) as lines
        left join read_parquet({resources}, hive_partitioning = false) as resources
            on resources.resource_id = lines.resource_id
    ),

    charges as (
        select lines.* exclude (tags, x_cost_categories, resource_rules), details.* exclude (x_details_id),
            {resolved}, owners.has_required_tags, {provider} as provider, {period} as billing_period
        from lines
        inner join read_parquet({details}, hive_partitioning = false) as details
            on details.x_details_id = lines.x_details_id
        left join read_parquet({owners}, hive_partitioning = false) as owners
            on owners.x_details_id = lines.x_details_id
            and owners.resource_rules = lines.resource_rules
            and owners.tags is not distinct from lines.tags
            and owners.x_cost_categories is not distinct from lines.x_cost_categories
            and cast(lines.charge_period_start as date) between owners.first_day and owners.last_day
    )

    select {columns} from (select * replace ({absent}) from charges) as charges {wanted} order by all
"""
"""The charges of a bill with the columns of the daily costs."""

_RULE = "billing_period = {period} and provider = {provider} and billing_currency = {currency} and rule_id = {rule}"
_VERSION = "and rule_version::varchar = {version}"

_ENTRIES = """
    select entries.rule_id, entries.rule_version, entry_kind, cost_center, counterpart, entries.effective_cost,
        entries.billed_cost
    from mart_allocated_costs as entries {joined}
    where entries.billing_period = {period} and entries.provider = {provider}
        and entries.billing_currency = {currency} and entry_kind <> 'direct' and {wanted}
    order by all
"""

_ALONE = Sql("")
_WITH_ORDER = """
    inner join mart_allocation_rules as rules
        on rules.billing_period = entries.billing_period
        and rules.provider = entries.provider
        and rules.billing_currency = entries.billing_currency
        and rules.rule_id = entries.rule_id
        and rules.rule_version = entries.rule_version
"""


def rule_of(publication: Publication, period: BillingPeriod, entry: Entry) -> RuleTerms:
    """Return the rule of an entry as it was applied. Raise NotReady where the version does not have it."""
    if RULES in publication.marts:
        query = """
            select rule_kind, rule_order, driver, unit, unit_price, markup_rate
            from mart_allocation_rules where {rule}
        """
        with publication.connect() as connection:
            found = connection.execute(compose(query, rule=_rule(period, entry))).fetchone()
        if found is not None:
            return RuleTerms(*found)
    raise NotReady(
        f"build {publication.build_id} did not keep the sources of rule {entry.rule_id} in {period}; "
        f"run `finops build --billing-period {period}`"
    )


def charges_of_line(publication: Publication, period: BillingPeriod, charge: Charge) -> list[Source]:
    """Return the charges that a direct line is summed from."""
    conditions = [_holds(name, str(getattr(charge, name))) for name in CHARGE_KEY]
    conditions.append(compose("has_required_tags = {flag}", flag=Sql(str(charge.has_required_tags))))
    return _charges(publication, period, charge.provider, _where(conditions), Decimal(1))


def charges_of_pool(
    publication: Publication, period: BillingPeriod, entry: Entry, factor: Decimal, sender: str | None
) -> list[Source]:
    """Return the charges that the entry's pool selected, of one sender or (None) of all."""
    selected = [_rule(period, entry)]
    if sender is not None:
        selected.append(compose("cost_center = {sender}", sender=sender))
    with publication.connect() as connection:
        described = connection.execute(f"describe {SOURCES}").fetchall()
    columns = [identifier(name) for name, *_ in described if name not in _NOT_SELECTED_BY]
    # Null: no rule asks for the column. The fact leaves out a provider's name where its bills have just one.
    same = "(sources.{name} is null or coalesce(charges.{name}, sources.{name}) = sources.{name})"
    wanted = compose(
        "inner join (select * from mart_allocation_sources where {selected}) as sources on {same}",
        selected=join(" and ", selected),
        same=join(" and ", (compose(_SAME.get(name, same), name=name) for name in columns)),
    )
    return _charges(publication, period, entry.provider, wanted, factor)


_SAME = {identifier(name): "sources.{name} = charges.{name}" for name in ("cost_center", "service_name")}
"""Never null on either side: what the join hashes by."""


def balance_of(
    publication: Publication,
    period: BillingPeriod,
    entry: Entry,
    factor: Decimal,
    senders: Sequence[str],
    rule: RuleTerms,
) -> list[Source]:
    """Return all that cost centres had when a step-down's turn came: their charges, and entries of earlier rules."""
    theirs = compose("cost_center in ({senders})", senders=join(", ", map(literal, senders)))
    conditions = [theirs, _holds("billing_currency", entry.billing_currency)]
    found = _charges(publication, period, entry.provider, _where(conditions), factor)
    earlier = compose("{theirs} and rules.rule_order < {order}", theirs=theirs, order=Sql(str(rule.rule_order)))
    return found + _entries(publication, period, entry, earlier, factor, Sql(_WITH_ORDER))


def entries_of_rule(publication: Publication, period: BillingPeriod, entry: Entry, kind: str) -> list[Source]:
    """Return what others were charged by the entry's rule, of which the entry is the credit."""
    wanted = compose(
        "rule_id = {rule} and rule_version::varchar = {version} and entry_kind = {kind}",
        rule=entry.rule_id,
        version=str(entry.rule_version),
        kind=kind,
    )
    return _entries(publication, period, entry, wanted, Decimal(-1))


def _charges(
    publication: Publication, period: BillingPeriod, provider: str, wanted: Sql, factor: Decimal
) -> list[Source]:
    """Return the charges of a bill that ``wanted``, the end of a FROM clause, keeps."""
    folder = publication.partition(Provider(provider), period)
    absent = "coalesce({name}, '(none)') as {name}"
    resolved = "coalesce(owners.{name}, {absent}) as {name}"
    sql = compose(
        _CHARGES,
        part=folder / "part.parquet",
        details=folder / "details.parquet",
        owners=folder / published.OWNERS,
        resources=folder / published.OWNER_RESOURCES,
        resolved=join(", ", (compose(resolved, name=identifier(n), absent=_absent(n)) for n in _OF_TAGS)),
        absent=join(", ", (compose(absent, name=identifier(n)) for n in (*_OF_DETAILS, "commitment_discount_status"))),
        provider=provider,
        period=str(period),
        columns=join(", ", (identifier("charges", name) for name in COLUMNS)),
        wanted=wanted,
    )
    return _rows(publication, sql, "charge", factor)


def _entries(
    publication: Publication,
    period: BillingPeriod,
    entry: Entry,
    wanted: Sql,
    factor: Decimal,
    joined: Sql = _ALONE,
) -> list[Source]:
    """Return the rules' entries in an entry's bill for which ``wanted`` holds."""
    bill = {"period": str(period), "provider": entry.provider, "currency": entry.billing_currency}
    sql = compose(_ENTRIES, **bill, wanted=wanted, joined=joined)
    return _rows(publication, sql, "entry", factor)


def _rule(period: BillingPeriod, entry: Entry) -> Sql:
    return compose(
        f"{_RULE} {_VERSION}",
        period=str(period),
        provider=entry.provider,
        currency=entry.billing_currency,
        rule=entry.rule_id,
        version=str(entry.rule_version),
    )


def _holds(name: str, value: str) -> Sql:
    # The fact leaves out a provider's name where its bills have just one; sums tell if that were another.
    template = "coalesce({name}, {value}) = {value}" if name == "provider_name" else "{name} = {value}"
    return compose(template, name=identifier(name), value=value)


def _where(conditions: Sequence[Sql]) -> Sql:
    return compose("where {all}", all=join(" and ", conditions))


def _absent(column: str) -> str:
    return "(unallocated)" if column == "cost_center" else "(none)"


def _rows(publication: Publication, sql: Sql, what: str, factor: Decimal) -> list[Source]:
    with publication.connect() as connection, localcontext() as context:
        context.prec = 60
        result = connection.execute(sql)
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        return [Source(what, row, row["effective_cost"] * factor, row["billed_cost"] * factor) for row in rows]
