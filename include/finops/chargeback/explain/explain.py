"""What is behind one line of a published statement, and adds up to it: charges of the bills, or a quantity."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal

from finops.chargeback.explain import drill_down, shared_cost
from finops.chargeback.explain.models import Explanation, Source
from finops.chargeback.statement.facts import DIRECT, AllocationEntry, Charge, PublishedMonth
from finops.chargeback.statement.read import MADE_FOR_STATEMENTS, read_month
from finops.core.errors import BadInput, Finding
from finops.core.money import exact_sum
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores import published
from finops.stores.published import Publication
from finops.stores.statements import AudienceStatement, PublishedStatements, open_statements

_CENT = Decimal("0.005")


def explain(settings: Settings, statement: str, line: str) -> Explanation:
    """Return what is behind ``line`` of ``statement``, written ``2025-07/cc-1001`` as its folder is.

    Raise BadInput for a statement or line that does not exist; NotReady when the build did not keep a rule's sources;
    Finding when the month was restated since, or the sources do not add up to the line.
    """
    statements, audience = _statement(settings, statement)
    period = statements.billing_period
    name = f"{period}/{audience.folder}"
    publication = _publication(settings, statements.build_id, line)
    month = read_month(publication, period)
    found = _line(month, line, audience.cost_center, name)
    digest = month.source_digests.get(found.key) if isinstance(found, Charge) else found.source_digest
    _require_same(statements, audience, found, digest)
    bill = drill_down.Bill(publication, period, found.provider, found.billing_currency)
    if isinstance(found, Charge):
        rule_id, version, factor = DIRECT, 0, Decimal(1)
        sources = drill_down.charges_of_line(bill, found)
    else:
        rule_id, version = found.rule_id, found.rule_version
        factor, sources = shared_cost.sources_of(bill, found, month.entries)
    effective_rest, billed_rest = (_rest(found, sources, measure, publication) for measure in ("effective", "billed"))
    return Explanation(
        statement=name,
        line_id=line,
        rule_id=rule_id,
        rule_version=version,
        source_digest=digest or "",
        build_id=publication.build_id,
        currency=found.billing_currency,
        factor=factor,
        effective_cost=found.effective_cost,
        billed_cost=found.billed_cost,
        effective_rest=effective_rest,
        billed_rest=billed_rest,
        sources=sources,
    )


def _statement(settings: Settings, text: str) -> tuple[PublishedStatements, AudienceStatement]:
    month, _, folder = text.partition("/")
    if not folder:
        raise BadInput(f"{text!r} names no statement; write month and folder: 2025-07/cc-1001, 2025-07/company")
    statements = open_statements(settings, BillingPeriod.parse(month))
    for each in statements.audiences:
        if folder in (each.folder, each.cost_center):
            return statements, each
    there_are = ", ".join(each.folder for each in statements.audiences)
    raise BadInput(f"there is no statement {folder!r} of {statements.billing_period}; there are {there_are}")


def _publication(settings: Settings, build_id: str, line: str) -> Publication:
    """Return the version that the statements were made from; the latest where that is gone or of an older release.

    Such a version lacks marts that statements, or for a line of shared cost the sources of rules, are read from.
    """
    needed = MADE_FOR_STATEMENTS if line.startswith("d") else (*MADE_FOR_STATEMENTS, drill_down.RULES)
    kept = settings.published_dir / "versions" / build_id
    if (kept / "manifest.json").exists():
        publication = published.open_version(kept)
        if set(needed) <= set(publication.marts):
            return publication
    return published.latest(settings)


def _line(month: PublishedMonth, line: str, cost_center: str | None, statement: str) -> Charge | AllocationEntry:
    rows: Iterable[Charge | AllocationEntry] = (*month.charges, *month.entries)
    for each in rows:
        if each.line_id == line and cost_center in (None, each.cost_center):
            return each
    raise BadInput(f"{statement} has no line {line}; ids are in its statement.csv and shared.csv")


def _require_same(
    statements: PublishedStatements, audience: AudienceStatement, found: Charge | AllocationEntry, digest: str | None
) -> None:
    """Raise Finding when the line's sources are not those that the statement names."""
    file = audience.file("statement.csv" if isinstance(found, Charge) else "shared.csv")
    stated = None
    if file is not None:
        with statements.verified(file).open(encoding="utf-8", newline="") as handle:
            rows = (row for row in csv.DictReader(handle) if row.get("line_id") == found.line_id)
            stated = next((row["source_digest"] for row in rows), None)
    if stated != digest:
        period, name = statements.billing_period, audience.folder
        digests = f"source digest {(stated or 'none')[:12]}, now {(digest or 'none')[:12]}"
        raise Finding(
            f"what is behind line {found.line_id} of {period}/{name} changed since it was written ({digests}); "
            f"`finops diff --billing-period {period}` shows the restatement"
        )


def _rest(
    found: Charge | AllocationEntry, sources: Sequence[Source], measure: str, publication: Publication
) -> Decimal:
    """Return what the sources leave of the line. Raise Finding when that is more than rounding shares leaves."""
    parts = (getattr(source, f"{measure}_part").copy_negate() for source in sources)
    rest = exact_sum([getattr(found, f"{measure}_cost"), *parts])
    if abs(rest) >= _CENT or (isinstance(found, Charge) and rest):
        raise Finding(
            f"the charges behind line {found.line_id} differ from its {measure} cost by {rest.normalize():f}: build "
            f"{publication.build_id} resolves tags differently now than it divided them"
        )
    return rest
