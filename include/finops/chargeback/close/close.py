"""Close a month: make its statements final, freeze its rows and rules, record who closed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from finops.chargeback.close import closed, frozen_rules
from finops.chargeback.close.months import ClosedMonths
from finops.chargeback.invoices import check as invoices
from finops.chargeback.invoices.models import InvoiceCheck
from finops.chargeback.month import prepare, read
from finops.chargeback.publish import final, index, sets
from finops.chargeback.publish.models import StatementSet
from finops.chargeback.statement.facts import Closing, PublishedMonth
from finops.chargeback.statement.models import Statement
from finops.core.errors import BadInput, Finding
from finops.core.locks import exclusive
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy.invoices import FILE as INVOICES
from finops.stores import closed_files, published
from finops.stores.closed_files import closed_months
from finops.stores.published import Publication
from finops.stores.state import closing, period_inputs
from finops.stores.state.closing import ClosedPeriod
from finops.stores.state.store import open_state


@dataclass(frozen=True, slots=True)
class CloseReport:
    """What closing a month did, or would do. ``files`` is None after a dry run.

    ``open_before`` are earlier published months that are still open; ``not_given`` the invoices that the bill names and
    nobody has entered; ``adjustments`` how many lines of closed months the statements carry.
    """

    billing_period: BillingPeriod
    build_id: str
    tied_invoices: int
    signed_off: int
    not_given: tuple[str, ...]
    open_before: tuple[BillingPeriod, ...]
    adjustments: int
    warnings: tuple[str, ...]
    files: StatementSet | None


def close(settings: Settings, period: BillingPeriod, by: str, *, dry_run: bool = False) -> CloseReport:
    """Make the statements of a published month final, freeze its rows and rules, and record who closed it; for good.

    Months may be closed in any order. With ``dry_run`` nothing is written. Raise BadInput when the month is closed, is
    not published, lacks an exchange rate, or ``by`` is empty; Finding when something landed is not published, the
    month was built by other rules than there are now, the books do not tie out, or an invoice has an unexplained cent
    that nobody signed for.
    """
    who = invoices.named(by, "--by")
    with exclusive(settings, "statements"):
        months = closed_months(settings)
        if record := months.get(period):
            raise BadInput(f"billing period {period} is closed: by {record.closed_by}, {final.closed_at(record)}")
        publication = published.latest(settings)
        month = read(settings, publication, period, months)
        _require_all_published(settings, period)
        checked = invoices.check(settings, [period])
        rules = frozen_rules.read(settings, publication, month)
        closing_now = Closing(who, datetime.now(UTC), tuple(frozen_rules.digests(rules).items()))
        month = replace(month, closing=closing_now, invoices=checked.comparisons)
        statements = prepare(month)
        if checked.open:
            raise Finding(
                f"{'; '.join(each.complaint for each in checked.open)}. Correct the bill or {INVOICES}, "
                "or record who answers for it with `finops invoices sign-off`"
            )
        files = None if dry_run else _write_closed(settings, month, statements, rules)
        return _report(publication, month, months, checked, files)


def _report(
    publication: Publication,
    month: PublishedMonth,
    months: ClosedMonths,
    checked: InvoiceCheck,
    files: StatementSet | None,
) -> CloseReport:
    period = month.billing_period
    return CloseReport(
        billing_period=period,
        build_id=month.build_id,
        tied_invoices=sum(each.status == "ties" for each in checked.comparisons),
        signed_off=sum(each.status == "signed off" for each in checked.comparisons),
        not_given=tuple(f"{c.invoice} of {c.provider}" for c in checked.comparisons if c.given is None),
        open_before=tuple(p for p in publication.billing_periods if p < period and p not in months),
        adjustments=len(month.adjustments),
        warnings=checked.warnings,
        files=files,
    )


def _require_all_published(settings: Settings, period: BillingPeriod) -> None:
    with open_state(settings).connect() as connection:
        waiting = sorted({i.provider for i in period_inputs.pending(connection) if i.billing_period == period})
    if waiting:
        raise Finding(
            f"billing period {period}: what has landed of {', '.join(waiting)} is not published; "
            "run `finops build` first"
        )


def _write_closed(
    settings: Settings, month: PublishedMonth, statements: Sequence[Statement], rules: frozen_rules.Texts
) -> StatementSet:
    """Write the closed month's folder, then its record, then what readers open.

    Killed before the record it can be repeated; killed after it, the next run finishes it.
    """
    period, made = month.billing_period, month.closing
    if made is None:
        raise ValueError("only a month with a closing can be written as closed")
    folder = closed.new_folder(settings, period)
    frozen = closed.freeze(folder, month.charges, month.adjustments, month.entries)
    frozen |= frozen_rules.freeze(folder, rules)
    (folder / "statements").mkdir()
    manifest = sets.write_set(folder / "statements", statements)
    used = {c.billing_currency for c in month.charges}
    rates = [month.exchange.rate(each, period) for each in sorted(used)] if month.exchange else []
    locked = tuple(rate for rate in rates if rate.source_currency != rate.target_currency)
    record = ClosedPeriod(period, made.at, made.by, month.build_id, manifest["digest"], frozen, locked)
    closed.finish(folder, record)
    with open_state(settings).begin() as connection:
        closing.record_closed(connection, record)
    closed_files.settle(settings, record)
    found = final.put_back(settings, {period: record}, period, settings.statements_dir)
    index.write(settings, settings.statements_dir)
    return replace(found, statements=statements)
