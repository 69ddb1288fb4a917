"""What a published version holds behind statement lines: charges of the bills, rules and their entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.chargeback.explain.models import RuleTerms, Source
from finops.chargeback.statement.facts import CHARGE_KEY, AllocationEntry, Charge
from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.core.errors import NotReady
from finops.core.money import exact_arithmetic
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.sql import Sql, compose, identifier, join, literal
from finops.stores import published
from finops.stores.published import Publication

RULES = "mart_allocation_rules"

_OF_TAGS = ("cost_center", "ai_project", "ai_model", "ai_stage", "environment")
_MAY_BE_NULL = (
    *("sub_account_id", "sub_account_name", "region_id", "charge_class", "pricing_category"),
    "commitment_discount_status",
)
"""Columns of the fact that the daily costs have a word for where they are null."""

_CHARGES = """
    with resolved as (
        select lines.* exclude (tags, x_cost_categories, resource_rules), details.* exclude (x_details_id),
            {resolved}, owners.has_required_tags, {provider} as provider, {period} as billing_period
        from {owned}
    ),

    charges as (select * replace ({filled}) from resolved)

    select charge_period_start, charge_period_end, charges.billing_account_id, charges.sub_account_id, resource_id,
        charges.region_id, charges.service_name, sku_id, charges.charge_category, charge_description, invoice_id,
        charges.cost_center, charges.effective_cost, charges.billed_cost
    from charges {kept}
    order by all
"""
"""The charges of a bill with the columns of the daily costs; ``cost_center`` is the one that its tags name."""

_ENTRIES = """
    select entries.rule_id, entries.rule_version, entry_kind, cost_center, counterpart, entries.effective_cost,
        entries.billed_cost
    from mart_allocated_costs as entries
    inner join (select rule_id, rule_version, rule_order from mart_allocation_rules where {bill}) as rules
        using (rule_id, rule_version)
    where {bill} and entry_kind <> 'direct' and {wanted}
    order by all
"""


@dataclass(frozen=True, slots=True)
class Bill:
    """A provider's published month in one currency: all that a line of a statement can be made of."""

    publication: Publication
    period: BillingPeriod
    provider: str
    currency: str

    @property
    def condition(self) -> Sql:
        """What keeps the bill's rows of a mart."""
        return _all_of(billing_period=str(self.period), provider=self.provider, billing_currency=self.currency)


def rule_of(bill: Bill, entry: AllocationEntry) -> RuleTerms:
    """Return the rule of an entry as it was applied. Raise NotReady where the version does not have it."""
    if RULES in bill.publication.marts:
        query = """
            select rule_kind, rule_order, driver, unit, unit_price, markup_rate
            from mart_allocation_rules where {bill} and {rule}
        """
        with bill.publication.connect() as connection:
            found = connection.execute(compose(query, bill=bill.condition, rule=_is_rule_of(entry))).fetchone()
        if found is not None:
            return RuleTerms(*found)
    raise NotReady(
        f"build {bill.publication.build_id} did not keep the sources of rule {entry.rule_id} in {bill.period}; "
        f"run `finops build --billing-period {bill.period}`"
    )


def charges_of_line(bill: Bill, charge: Charge) -> list[Source]:
    """Return the charges that a direct line is summed from."""
    wanted = {name: str(getattr(charge, name)) for name in CHARGE_KEY if name != "provider_name"}
    # The fact leaves out a provider's name where its bills have just one; sums tell if that were another.
    provider = compose("coalesce(provider_name, {name}) = {name}", name=charge.provider_name)
    tagged = Sql("has_required_tags" if charge.has_required_tags else "not has_required_tags")
    return _charges(bill, join(" and ", [Sql("where true"), _all_of(**wanted), provider, tagged]), Decimal(1))


def charges_of_pool(bill: Bill, entry: AllocationEntry, factor: Decimal, sender: str | None) -> list[Source]:
    """Return the charges that the entry's pool selected, of one sender or (None) of all."""
    with bill.publication.connect() as connection:
        described = connection.execute("describe mart_allocation_sources").fetchall()
    kept = """
        inner join (select * from mart_allocation_sources where {bill} and {rule} and {sender}) as sources
            on sources.cost_center = charges.cost_center and sources.service_name = charges.service_name and {same}
    """
    # Null where no rule asks for the column.
    same = "(sources.{name} is null or coalesce(charges.{name}, sources.{name}) = sources.{name})"
    others = {"rule_id", "rule_version", "charge_count", "billed_cost", "effective_cost"}
    return _charges(
        bill,
        compose(
            kept,
            bill=bill.condition,
            rule=_is_rule_of(entry),
            sender=Sql("true") if sender is None else _all_of(cost_center=sender),
            same=join(" and ", (compose(same, name=identifier(n)) for n, *_ in described if n not in others)),
        ),
        factor,
    )


def balance_of(bill: Bill, senders: Sequence[str], rule: RuleTerms, factor: Decimal) -> list[Source]:
    """Return all that cost centres had when a step-down's turn came: their charges, and entries of earlier rules."""
    theirs = compose("cost_center in ({names})", names=join(", ", map(literal, senders)))
    charges = compose("where {theirs} and {bill}", theirs=theirs, bill=bill.condition)
    earlier = compose("{theirs} and rule_order < {order}", theirs=theirs, order=Sql(str(rule.rule_order)))
    return _charges(bill, charges, factor) + _entries(bill, earlier, factor)


def entries_of_rule(bill: Bill, entry: AllocationEntry, kind: str) -> list[Source]:
    """Return what others were charged by the entry's rule, of which the entry is the credit."""
    return _entries(bill, join(" and ", [_is_rule_of(entry), _all_of(entry_kind=kind)]), Decimal(-1))


def _charges(bill: Bill, kept: Sql, factor: Decimal) -> list[Source]:
    """Return the charges of a bill that ``kept``, the end of a FROM clause, keeps."""
    folder = bill.publication.partition(Provider(bill.provider), bill.period)
    filled = "coalesce({name}, {absent}) as {name}"
    resolved = "coalesce(owners.{name}, {absent}) as {name}"
    sql = compose(
        _CHARGES,
        owned=published.join_owners(folder),
        resolved=join(", ", (compose(resolved, name=identifier(n), absent=_absent(n)) for n in _OF_TAGS)),
        filled=join(", ", (compose(filled, name=identifier(n), absent=_absent(n)) for n in _MAY_BE_NULL)),
        provider=bill.provider,
        period=str(bill.period),
        kept=kept,
    )
    return _rows(bill, sql, "charge", factor)


def _entries(bill: Bill, wanted: Sql, factor: Decimal) -> list[Source]:
    """Return the rules' entries in a bill for which ``wanted`` holds."""
    return _rows(bill, compose(_ENTRIES, bill=bill.condition, wanted=wanted), "entry", factor)


def _is_rule_of(entry: AllocationEntry) -> Sql:
    version = Sql(str(entry.rule_version))
    return compose("rule_id = {rule} and rule_version = {version}", rule=entry.rule_id, version=version)


def _all_of(**wanted: str) -> Sql:
    return join(" and ", (compose("{name} = {value}", name=identifier(n), value=v) for n, v in wanted.items()))


def _absent(column: str) -> str:
    return UNALLOCATED if column == "cost_center" else ABSENT


def _rows(bill: Bill, sql: Sql, what: str, factor: Decimal) -> list[Source]:
    with bill.publication.connect() as connection, exact_arithmetic():
        result = connection.execute(sql)
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        return [Source(what, row, row["effective_cost"] * factor, row["billed_cost"] * factor) for row in rows]
