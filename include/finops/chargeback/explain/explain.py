"""What is behind one line of a published statement, and adds up to it: charges of the bills, or a quantity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from finops.chargeback.close import frozen_rules
from finops.chargeback.explain import drill_down
from finops.chargeback.explain.drill_down import Source
from finops.chargeback.service import closed_months
from finops.chargeback.statement.facts import Charge, PublishedMonth, exact_sum
from finops.chargeback.statement.read import CHARGE_KEY, read_month
from finops.chargeback.statement.shared import DIRECT, Entry
from finops.core.errors import BadInput, Finding
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier, join, literal
from finops.policy import allocation
from finops.policy.allocation.models import Pool, Price, Rules
from finops.stores import published
from finops.stores import statements as published_statements
from finops.stores.published import Publication

_DIRECT = (*CHARGE_KEY, "has_required_tags")
_IS = {"provider_name": "coalesce({name}, {is_}) = {is_}"}
"""The fact stores no provider's name where it is the one that its bills have; sums tell if that were another."""
_CENT = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class Explanation:
    """A line and all that it is made of.

    ``factor`` is what each source counts for: 1 of a direct line, a pool's share (times its markup), a price's rate,
    −1 of what was taken away or earned.
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

    Raise BadInput for a statement or line that there is not, or a rule that allocation.yml no longer has; Finding when
    the month was restated since, or the charges do not add up to the line.
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
        record = closed_months(settings).get(period)
        rules = allocation.load(frozen_rules.as_closed(settings, record, allocation.FILE))
        factor, sources = _Shared(publication, period, found, rules, month).sources()
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
    return drill_down.charges(publication, period, charge.provider, wanted, Decimal(1))


def _text(value: Any) -> Sql:
    return literal(str(value).lower() if isinstance(value, bool) else value)


@dataclass(frozen=True, slots=True)
class _Shared:
    """A line of shared cost with all that is needed to see behind it."""

    publication: Publication
    period: BillingPeriod
    entry: Entry
    rules: Rules
    month: PublishedMonth

    def sources(self) -> tuple[Decimal, list[Source]]:
        """Return what each source counts for, and the sources."""
        entry, rule = self.entry, self._rule()
        if entry.entry_kind == "price" and isinstance(rule, Price):
            return rule.rate, [self._quantity(rule)]
        if entry.entry_kind == "markup_offset":
            return self._taken("markup")
        if isinstance(rule, Price):
            return self._taken("price")
        if entry.entry_kind == "offset":
            return Decimal(-1), self._pool(rule, entry.cost_center, Decimal(-1))
        if entry.entry_kind == "kept":
            return Decimal(1), self._pool(rule, entry.cost_center, Decimal(1))
        factor = self._share()
        if entry.entry_kind == "markup" and rule.markup:
            with localcontext() as context:
                context.prec = 60
                factor *= rule.markup.percent / 100
        return factor, self._pool(rule, None, factor)

    def _rule(self) -> Pool | Price:
        entry = self.entry
        known: tuple[Pool | Price, ...] = (*self.rules.pools, *self.rules.prices)
        rule = next((each for each in known if (each.id, each.digest) == (entry.rule_id, entry.rule_digest)), None)
        if rule is None:
            raise BadInput(
                f"allocation.yml no longer holds rule {entry.rule_id} as it was applied (version {entry.rule_version}, "
                f"digest {entry.rule_digest}); put that version back to explain the line"
            )
        return rule

    def _share(self) -> Decimal:
        """Return the share of the pool that the entry is, or, of a markup, is reckoned on."""
        mine = self.entry
        same = ("cost_center", "provider", "billing_currency", "rule_id", "rule_version")
        for each in self.month.entries:
            if each.entry_kind == "pool" and all(getattr(each, n) == getattr(mine, n) for n in same):
                return each.share or Decimal(0)
        raise Finding(f"line {mine.line_id} is a markup without the share that it is on; run `finops build`")

    def _quantity(self, price: Price) -> Source:
        quantity = self.entry.weight or Decimal(0)
        unit = next((driver.unit for driver in self.rules.drivers if driver.name == price.driver), price.driver)
        row = {"driver": price.driver, "unit": unit, "quantity": quantity, "cost_center": self.entry.cost_center}
        with localcontext() as context:
            context.prec = 60
            return Source("quantity", row, quantity * price.rate, quantity * price.rate)

    def _taken(self, kind: str) -> tuple[Decimal, list[Source]]:
        """Return what others were charged by the rule, of which the entry is the credit."""
        entry = self.entry
        query = (
            "billing_currency = {currency} and rule_id = {rule} and rule_version::varchar = {version} "
            "and entry_kind = {kind}"
        )
        wanted = compose(
            query, currency=entry.billing_currency, rule=entry.rule_id, version=str(entry.rule_version), kind=kind
        )
        factor = Decimal(-1)
        return factor, drill_down.entries(self.publication, self.period, entry.provider, wanted, factor)

    def _pool(self, pool: Pool, owner: str | None, factor: Decimal) -> list[Source]:
        """Return what a pool took, of one cost centre where it is named."""
        rules, publication, period, provider = self.rules, self.publication, self.period, self.entry.provider
        earlier = [p for p in rules.pools[: rules.pools.index(pool)] if p.is_active(str(period))]
        currency = compose("billing_currency = {currency}", currency=self.entry.billing_currency)
        wanted = [_selected(rules, pool), currency]
        if owner is not None:
            wanted.append(compose("cost_center = {owner}", owner=owner))
        is_draining = bool(rules.stepped_down_by(pool))
        if not is_draining:
            taken = [p for p in earlier if not rules.stepped_down_by(p)]
            wanted += [compose("not ({taken})", taken=_selected(rules, each)) for each in taken]
        sources = drill_down.charges(publication, period, provider, join(" and ", wanted), factor)
        ids = [*(price.id for price in rules.prices), *(each.id for each in earlier)]
        if is_draining and ids:
            wanted.append(compose("rule_id in ({ids})", ids=join(", ", map(literal, ids))))
            sources += drill_down.entries(publication, period, provider, join(" and ", wanted), factor)
        return sources


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
