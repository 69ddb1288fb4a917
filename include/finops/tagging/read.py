"""Published marts to frozen facts. Every value is bound; nothing outside the published version is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.sql import compose, identifier
from finops.stores.published import Publication
from finops.tagging.models import AmbiguousParents, KeyCompliance, UnallocatedMonth, Violation

STATUSES = ("valid", "misspelt", "wrong_value", "missing")
SUBJECTS = {
    "company": None,
    "provider": "provider",
    "account": "sub_account_name",
    "service": "service_name",
    "cost-center": "cost_center",
}

_COMPLIANCE = """
    with chosen as (select * from mart_tag_compliance where billing_period in (select unnest(?))),
    required as (select distinct tag_key from chosen where is_required)
    select billing_period, billing_currency, {subject} as subject, tag_key,
        tag_key in (select tag_key from required) as is_required, tag_status,
        sum(effective_cost), sum(resource_count)
    from chosen
    where is_required or tag_key not in (select tag_key from required)
    group by all order by all
"""

_BURN_DOWN = """
    select billing_period, billing_currency, sum(effective_cost),
        sum(effective_cost - tagged_effective_cost), sum(unallocated_effective_cost)
    from mart_unallocated_costs group by all order by all
"""

_AMBIGUOUS = """
    select billing_period, count(distinct (provider, sub_account_id, resource_id)) from mart_tag_violations
    where suggested_by = 'ambiguous_parent' and billing_period in (select unnest(?)) group by all order by all
"""

_VIOLATIONS = """
    with first_days as (
        select provider, sub_account_id, resource_id, tag_key, min(first_seen) as first_seen
        from mart_tag_violations where billing_period <= ? group by all
    )
    select v.billing_period, v.provider, v.billing_currency, v.sub_account_id, v.sub_account_name, v.service_name,
        v.region_id, v.resource_id, v.tag_key, v.tag_status, v.found_key, v.found_value, v.suggested_value,
        v.suggested_by, v.cost_center, v.likely_owner, f.first_seen, v.last_seen, v.effective_cost
    from mart_tag_violations as v
    join first_days as f using (provider, sub_account_id, resource_id, tag_key)
    where v.billing_period = ? and (? is null or v.provider = ?)
    order by v.effective_cost desc, v.provider, v.sub_account_id, v.resource_id, v.tag_key, v.billing_currency
"""


def compliance(publication: Publication, periods: Sequence[BillingPeriod], by: str) -> list[KeyCompliance]:
    """Return each key's compliance per month, currency and subject (``SUBJECTS``), in the published order."""
    column = SUBJECTS[by]
    subject = compose("{name}", name="all") if column is None else identifier(column)
    found: dict[tuple[str, str, str, str, bool], tuple[dict[str, Decimal], dict[str, int]]] = defaultdict(
        lambda: ({s: Decimal(0) for s in STATUSES}, dict.fromkeys(STATUSES, 0))
    )
    with publication.connect() as connection:
        query = compose(_COMPLIANCE, subject=subject)
        for *key, status, cost, resources in connection.execute(query, [[str(p) for p in periods]]).fetchall():
            costs, counts = found[tuple(key)]
            costs[status], counts[status] = cost, int(resources)
    return [KeyCompliance(*key, *values) for key, values in found.items()]


def burn_down(publication: Publication) -> list[UnallocatedMonth]:
    """Return every published month's cost without owner."""
    with publication.connect() as connection:
        return [UnallocatedMonth(*row) for row in connection.execute(_BURN_DOWN).fetchall()]


def ambiguous_parents(publication: Publication, periods: Sequence[BillingPeriod]) -> list[AmbiguousParents]:
    """Return per month how many resources lack a value that a parent would give if it were one resource."""
    with publication.connect() as connection:
        rows = connection.execute(_AMBIGUOUS, [[str(period) for period in periods]]).fetchall()
    return [AmbiguousParents(*row) for row in rows]


def violations(publication: Publication, period: BillingPeriod, provider: str | None = None) -> list[Violation]:
    """Return a month's violations, the most expensive first; ``first_seen`` looks back over all months published."""
    with publication.connect() as connection:
        values = [str(period), str(period), provider, provider]
        return [Violation(*row) for row in connection.execute(_VIOLATIONS, values).fetchall()]


def chosen(publication: Publication, periods: Sequence[BillingPeriod]) -> list[BillingPeriod]:
    """Return the months asked for, by default the last one published. Raise BadInput for one that is not there."""
    if "mart_tag_compliance" not in publication.marts:
        raise BadInput("what is published has no tag compliance yet; run `finops build`")
    there = publication.billing_periods
    for period in periods:
        if period not in there:
            raise BadInput(f"billing period {period} is not published; published: {there[0]} to {there[-1]}")
    return list(periods) or there[-1:]
