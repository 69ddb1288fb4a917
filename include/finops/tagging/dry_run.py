"""What the policy as it is now would change in what is published: the owners, as far as the daily costs can tell.

A rule that asks for resources or tags cannot be told from daily costs; it is named as undecided. Spellings and values
of keys, and what is inherited from parents, show after a build.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from finops.core.periods import BillingPeriod
from finops.core.sql import Sql, compose, identifier, join
from finops.policy.tags import TagPolicy
from finops.policy.tags.models import SCOPE_COLUMNS, Assignment
from finops.stores.published import Publication
from finops.tagging.models import Shift

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MATCHED = """
    create temp table matched as
    select costs.id, rules.rule_order, rules.source, rules.kind, rules.is_always, rules.owner
    from costs join rules on {conditions}
        and coalesce(costs.charge_date >= rules.from_date, true) and coalesce(costs.charge_date < rules.to_date, true)
"""

_SHIFTS = """
    with decided as (
        select id, arg_min(owner, rule_order) as owner, arg_min(source, rule_order) as source
        from matched
        join costs using (id)
        where owner is not null and (
            is_always or costs.cost_center_source = '(none)' or costs.cost_center_source like 'rule:%'
            or costs.cost_center_source = 'label' and kind = 'label'
        )
        group by id
    ), compared as (
        select costs.*, coalesce(decided.owner, if(is_fixed, cost_center, '(unallocated)')) as new_owner,
            coalesce(decided.source, if(is_fixed, cost_center_source, '(none)')) as new_source
        from (
            select *, not (cost_center_source like 'rule:%') as is_fixed from costs
        ) as costs
        left join decided using (id)
    )
    select billing_period, provider, billing_currency, cost_center, cost_center_source, new_owner, new_source,
        sum(effective_cost)
    from compared
    where cost_center <> new_owner or cost_center_source <> new_source
    group by all
    order by all
"""


def compare(
    publication: Publication, periods: Sequence[BillingPeriod], policy: TagPolicy
) -> tuple[list[Shift], list[str], list[str]]:
    """Return the costs that would change owner, the rules that match nothing, and those that only a build can tell."""
    assignments = list(policy.assignments())
    decidable = [(n, a) for n, a in enumerate(assignments) if not _is_undecided(a)]
    with publication.connect() as connection:
        _load_costs(connection, periods)
        _load_rules(connection, decidable, len(assignments), policy.owner_key)
        connection.execute(compose(_MATCHED, conditions=join(" and ", map(_condition, SCOPE_COLUMNS))))
        acting = {n for (n,) in connection.execute("select distinct rule_order from matched").fetchall()}
        shifts = [Shift(*row) for row in connection.execute(_SHIFTS).fetchall()]
    idle = [a.source for n, a in decidable if n not in {order % len(assignments) for order in acting}]
    return shifts, idle, [a.source for a in assignments if _is_undecided(a)]


def _is_undecided(assignment: Assignment) -> bool:
    when = assignment.when
    return bool(when.resource_id or when.tags or when.has_resource is not None)


def _load_costs(connection: DuckDBPyConnection, periods: Sequence[BillingPeriod]) -> None:
    query = """
        create temp table costs as
        select row_number() over () as id, * from (
            select billing_period, billing_currency, charge_date, {columns}, cost_center, cost_center_source,
                sum(effective_cost) as effective_cost
            from fct_daily_costs where billing_period in (select unnest(?)) group by all
        )
    """
    columns = join(", ", map(identifier, SCOPE_COLUMNS))
    connection.execute(compose(query, columns=columns), [[str(period) for period in periods]])


def _load_rules(
    connection: DuckDBPyConnection, numbered: Sequence[tuple[int, Assignment]], count: int, owner: str
) -> None:
    lists = join(", ", (compose("{name} varchar[]", name=identifier(column)) for column in SCOPE_COLUMNS))
    connection.execute(
        compose(
            "create temp table rules (rule_order integer, source varchar, kind varchar, is_always boolean,"
            " owner varchar, from_date date, to_date date, {lists})",
            lists=lists,
        )
    )
    marks = join(", ", [Sql("?")] * (7 + len(SCOPE_COLUMNS)))
    for number, each in numbered:
        texts: list[Any] = [list(values) or None for values in each.when.texts().values()]
        # What overrides tags goes before everything else, in its own order.
        order = number - count if each.overrides_tags else number
        head = [order, each.source, each.kind.value, each.overrides_tags, each.values.get(owner)]
        dates = [each.when.from_date, each.when.to_date]
        connection.execute(compose("insert into rules values ({marks})", marks=marks), [*head, *dates, *texts])


def _condition(column: str) -> Sql:
    template = (
        "(rules.{c} is null or list_bool_or(list_transform(rules.{c},"
        " lambda p: coalesce(nullif(costs.{c}, '(none)') glob p, false))))"
    )
    return compose(template, c=identifier(column))
