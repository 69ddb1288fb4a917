"""The charges of the bills behind one line of a published statement, which add up to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from finops.chargeback import frozen_rules
from finops.chargeback.models import Charge, PublishedMonth, exact_sum
from finops.chargeback.read import CHARGE_KEY, read_month
from finops.chargeback.service import closed_months
from finops.chargeback.shared import DIRECT, Entry
from finops.core import allocation, published
from finops.core import statements as published_statements
from finops.core.allocation.models import Pool, Rules
from finops.core.errors import BadInput, Finding
from finops.core.formats import Provider
from finops.core.periods import BillingPeriod
from finops.core.published import Publication
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier, join, literal

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
"""What is listed of a charge; ``cost_center`` is whose it is by tag."""

_DIRECT = (*CHARGE_KEY, "has_required_tags")
_OF_TAGS = ("cost_center", "ai_project", "ai_model", "ai_stage", "environment")
_IS = {"provider_name": "coalesce({name}, {is_}) = {is_}"}
"""The fact stores no provider's name where it is the one that its bills have; sums tell if that were another."""
_CENT = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class Source:
    """One charge, or an entry that an earlier rule made (``what`` names it), with its part of the line's amounts."""

    what: str
    row: dict[str, Any]
    effective_part: Decimal
    billed_part: Decimal


@dataclass(frozen=True, slots=True)
class Explanation:
    """A line and all that it is made of.

    ``factor`` is what each source counts for: 1 of a direct line, a pool's share, −1 of what was taken away.
    ``effective_rest`` and ``billed_rest`` are what the rounding of the shares left, below half a cent.
    """

    statement: str
    line_id: str
    rule_id: str
    rule_version: int
    source_digest: str
    build_id: str
    currency: str
    factor: Decimal
    effective_cost: Decimal
    billed_cost: Decimal
    effective_rest: Decimal
    billed_rest: Decimal
    sources: Sequence[Source]


def explain(settings: Settings, statement: str, line: str) -> Explanation:
    """Return what stands behind ``line`` of ``statement``, written ``2025-07/cc-1001`` as its folder is.

    Raise BadInput for a statement or line that there is not, or that is a quantity times a price; Finding when the
    month was restated since, or the charges do not add up to the line.
    """
    period, folder, cost_center = _statement(settings, statement)
    publication = _publication(settings, period)
    month = read_month(publication, period)
    found = _line(month, line, cost_center, f"{period}/{folder}")
    _require_same(settings, period, folder, found, month)
    if isinstance(found, Charge):
        factor, sources = Decimal(1), _charges_of(publication, period, found)
        digest = month.source_digests[found.key]
        rule_id, version = DIRECT, 0
    else:
        factor, sources = _sources_of(settings, publication, period, found)
        digest, rule_id, version = found.source_digest, found.rule_id, found.rule_version
    rests = []
    for measure in ("effective", "billed"):
        rest = exact_sum(
            [getattr(found, f"{measure}_cost"), *(getattr(s, f"{measure}_part").copy_negate() for s in sources)]
        )
        if abs(rest) >= _CENT or (isinstance(found, Charge) and rest):
            raise Finding(
                f"the charges behind line {line} differ from its {measure} cost by {rest.normalize():f}: build "
                f"{publication.build_id} resolves its tags or rules otherwise than it divided them"
            )
        rests.append(rest)
    return Explanation(
        f"{period}/{folder}",
        line,
        rule_id,
        version,
        digest,
        publication.build_id,
        found.billing_currency,
        factor,
        found.effective_cost,
        found.billed_cost,
        rests[0],
        rests[1],
        sources,
    )


def _statement(settings: Settings, text: str) -> tuple[BillingPeriod, str, str | None]:
    month, _, folder = text.partition("/")
    if not folder:
        raise BadInput(f"{text!r} names no statement; write month and folder: 2025-07/cc-1001, 2025-07/company")
    period = BillingPeriod.parse(month)
    audiences = published_statements.open_statements(settings, period).audiences
    for each in audiences:
        if folder in (each.folder, each.cost_center):
            return period, each.folder, each.cost_center
    raise BadInput(f"there is no statement {folder!r} of {period}; there are {', '.join(a.folder for a in audiences)}")


def _publication(settings: Settings, period: BillingPeriod) -> Publication:
    """Return the version that the statements were made from, or the latest where that is no longer kept."""
    build_id = published_statements.open_statements(settings, period).build_id
    kept = settings.published_dir / "versions" / build_id
    return published.open_version(kept) if (kept / "manifest.json").exists() else published.latest(settings)


def _line(month: PublishedMonth, line: str, cost_center: str | None, statement: str) -> Charge | Entry:
    rows: Iterable[Charge | Entry] = (*month.charges, *month.entries)
    for each in rows:
        if each.line_id == line and cost_center in (None, each.cost_center):
            return each
    raise BadInput(f"{statement} has no line {line}; ids stand in its statement.csv and shared.csv")


def _require_same(
    settings: Settings, period: BillingPeriod, folder: str, found: Charge | Entry, month: PublishedMonth
) -> None:
    """Raise Finding when the line's sources are not those that the statement names."""
    import csv

    statements = published_statements.open_statements(settings, period)
    audience = next(each for each in statements.audiences if each.folder == folder)
    file = audience.file("statement.csv" if isinstance(found, Charge) else "shared.csv")
    digest = month.source_digests.get(found.key) if isinstance(found, Charge) else found.source_digest
    stated = None
    if file is not None:
        with statements.verified(file).open(encoding="utf-8", newline="") as handle:
            stated = next(
                (r["source_digest"] for r in csv.DictReader(handle) if r.get("line_id") == found.line_id), None
            )
    if stated != digest:
        raise Finding(
            f"what is behind line {found.line_id} of {period}/{folder} changed since it was written (source digest "
            f"{(stated or 'none')[:12]}, now {(digest or 'none')[:12]}); `finops diff --billing-period {period}` shows "
            "the restatement"
        )


def _charges_of(publication: Publication, period: BillingPeriod, charge: Charge) -> list[Source]:
    wanted = join(
        " and ",
        [
            compose(_IS.get(n, "{name}::varchar = {is_}"), name=identifier(n), is_=_text(getattr(charge, n)))
            for n in _DIRECT
        ],
    )
    return _focus(publication, period, charge.provider, wanted, Decimal(1))


def _text(value: Any) -> Sql:
    return literal(str(value).lower() if isinstance(value, bool) else value)


def _sources_of(
    settings: Settings, publication: Publication, period: BillingPeriod, entry: Entry
) -> tuple[Decimal, list[Source]]:
    if entry.entry_kind not in ("pool", "offset", "kept"):
        raise BadInput(
            f"line {entry.line_id} is made of no charges: {entry.entry_kind} of {entry.rule_id} is a quantity or an "
            "amount times the rate in allocation.yml"
        )
    record = closed_months(settings).get(period)
    rules = allocation.load(frozen_rules.as_closed(settings, record, allocation.FILE))
    pool = next((p for p in rules.pools if (p.id, p.digest) == (entry.rule_id, entry.rule_digest)), None)
    if pool is None:
        if any(price.digest == entry.rule_digest for price in rules.prices):
            raise BadInput(
                f"line {entry.line_id} is made of no charges: it is the credit of price list {entry.rule_id}"
            )
        raise BadInput(
            f"allocation.yml no longer holds rule {entry.rule_id} as it was applied (version {entry.rule_version}, "
            f"digest {entry.rule_digest}); put that version back to explain the line"
        )
    factor = entry.share if entry.entry_kind == "pool" and entry.share is not None else Decimal(1)
    if entry.entry_kind == "offset":
        factor = Decimal(-1)
    earlier = [p for p in rules.pools[: rules.pools.index(pool)] if p.is_active(str(period))]
    wanted = [_selected(rules, pool), compose("billing_currency = {currency}", currency=entry.billing_currency)]
    if entry.entry_kind != "pool":
        wanted.append(compose("cost_center = {owner}", owner=entry.cost_center))
    is_draining = bool(rules.drained_by(pool))
    if not is_draining:
        taken = [p for p in earlier if not rules.drained_by(p)]
        wanted += [compose("not ({taken})", taken=_selected(rules, each)) for each in taken]
    sources = _focus(publication, period, entry.provider, join(" and ", wanted), factor)
    if is_draining:
        ids = [*(price.id for price in rules.prices), *(each.id for each in earlier)]
        sources += _entries(publication, period, entry.provider, join(" and ", wanted), ids, factor)
    return factor, sources


def _selected(rules: Rules, pool: Pool) -> Sql:
    conditions = [
        compose(
            "{name} {negated} in ({values})",
            name=identifier(column),
            negated=Sql("not" if condition.negated else ""),
            values=join(", ", map(literal, condition.values)),
        )
        for column, condition in rules.selection_of(pool).items()
    ]
    return join(" and ", conditions)


def _focus(
    publication: Publication, period: BillingPeriod, provider: str, wanted: Sql, factor: Decimal
) -> list[Source]:
    """Return the charges of a bill for which ``wanted`` holds of the daily mart's columns."""
    folder = publication.partition(Provider(provider), period)
    daily = ("sub_account_id", "sub_account_name", "region_id", "charge_class", "pricing_category")
    absent = [
        compose("coalesce({name}, '(none)') as {name}", name=identifier(n))
        for n in (*daily, "commitment_discount_status")
    ]
    resolved = [
        compose("coalesce(owners.{name}, {absent}) as {name}", name=identifier(n), absent=_absent(n)) for n in _OF_TAGS
    ]
    query = """
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

        select {columns} from (select * replace ({absent}) from charges) where {wanted} order by all
    """
    sql = compose(
        query,
        part=folder / "part.parquet",
        details=folder / "details.parquet",
        owners=folder / published.OWNERS,
        resources=folder / published.OWNER_RESOURCES,
        resolved=join(", ", resolved),
        absent=join(", ", absent),
        provider=provider,
        period=str(period),
        columns=join(", ", map(identifier, COLUMNS)),
        wanted=wanted,
    )
    return _rows(publication, sql, "charge", factor)


def _absent(column: str) -> str:
    return "(unallocated)" if column == "cost_center" else "(none)"


def _entries(
    publication: Publication, period: BillingPeriod, provider: str, wanted: Sql, rules: Sequence[str], factor: Decimal
) -> list[Source]:
    """Return what earlier rules moved to and from whom the rule drains."""
    if not rules:
        return []
    query = """
        select rule_id, rule_version, entry_kind, cost_center, counterpart, effective_cost, billed_cost
        from mart_allocated_costs
        where billing_period = {period} and provider = {provider} and rule_id in ({rules}) and {wanted}
        order by all
    """
    names = join(", ", map(literal, rules))
    sql = compose(query, period=str(period), provider=provider, rules=names, wanted=wanted)
    return _rows(publication, sql, "entry", factor)


def _rows(publication: Publication, sql: Sql, what: str, factor: Decimal) -> list[Source]:
    with publication.connect() as connection, localcontext() as context:
        context.prec = 60
        result = connection.execute(sql)
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        return [Source(what, row, row["effective_cost"] * factor, row["billed_cost"] * factor) for row in rows]
