"""Publish the statements of a month and close it: read, prove, write beside the old set, move one link."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from finops.chargeback.close import closed, frozen_rules
from finops.chargeback.close.models import Adjustment, Closing, Origin
from finops.chargeback.invoices import service as invoices
from finops.chargeback.publish import sets
from finops.chargeback.statement import adjustments, units
from finops.chargeback.statement.compose import compose
from finops.chargeback.statement.facts import PublishedMonth
from finops.chargeback.statement.models import Statement, StatementSet
from finops.chargeback.statement.proof import prove_month, prove_shared, prove_statements
from finops.chargeback.statement.read import read_charges, read_month
from finops.core.errors import BadInput, Finding
from finops.core.locks import exclusive
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import budgets, exchange_rates
from finops.policy.invoices import FILE as INVOICES
from finops.stores import published, snapshots
from finops.stores.published import Publication
from finops.stores.state import closing, ledger
from finops.stores.state.closing import ClosedPeriod
from finops.stores.state.store import open_state

ClosedMonths = Mapping[BillingPeriod, ClosedPeriod]


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


def publish(settings: Settings, period: BillingPeriod, out: Path | None = None) -> StatementSet:
    """Write the statements of ``period`` under ``out``, by default the home's ``statements``.

    ``billing_period=YYYY-MM`` is a link to a complete set of files: a set is written beside the one that readers
    have open, and then the link is moved. The set before stays for them until the next publication. Same published
    version, same bytes. A closed month's statements are never made again: its files stay byte for byte, and are put
    back where they are missing.

    Raise BadInput when the period is not published, the folder cannot be written or an exchange rate is missing,
    NotReady when nothing is published, Finding when published totals or the statements do not tie out, or a closed
    month's files were changed; the old set is then untouched.
    """
    target = settings.statements_dir if out is None else out
    with sets.writing(target), exclusive(settings, "statements"):
        months = closed_months(settings)
        if period in months:
            return put_back(settings, months, period, target)
        month = read(settings, published.latest(settings), period, months)
        statements = prepare(month)
        with sets.replacing_set(target, period) as folder:
            manifest = sets.write_set(folder, statements)
        return sets.described(sets.link_of(target, period), manifest, statements)


def close(settings: Settings, period: BillingPeriod, by: str, *, dry_run: bool = False) -> CloseReport:
    """Make the statements of a published month final, freeze its rows and rules, and record who closed it; for good.

    Months may be closed in any order. With ``dry_run`` nothing is written. Raise BadInput when the month is closed, is
    not published, lacks an exchange rate, or ``by`` says nothing; Finding when something landed is not published, the
    month was built by other rules than there are now, the books do not tie out, or an invoice has an unexplained cent
    that nobody signed for.
    """
    who = invoices.named(by, "--by")
    with exclusive(settings, "statements"):
        months = closed_months(settings)
        if period in months:
            raise BadInput(f"billing period {period} is closed: by {months[period].closed_by}, {_when(months[period])}")
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


def closed_months(settings: Settings) -> ClosedMonths:
    """Return the closed months, in their order."""
    with open_state(settings).connect() as connection:
        return closing.closed_periods(connection)


def months_to_write(settings: Settings, period: BillingPeriod) -> list[BillingPeriod]:
    """Return the open months whose statements change when ``period`` is published anew.

    The month itself, the one after, which compares with it, and for a closed month the one that shows what it became.
    """
    available, months = published.latest(settings).billing_periods, closed_months(settings)
    wanted = {period, period.next} & set(available) - set(months)
    if period in months and (shown_in := adjustments.shows_adjustments_of(period, available, months)):
        wanted.add(shown_in)
    return sorted(wanted)


def prepare(month: PublishedMonth) -> tuple[Statement, ...]:
    """Return the statements, the company's first. Raise Finding when anything does not tie out."""
    prove_month(month)
    prove_shared(month)
    statements = compose(month)
    prove_statements(month, statements)
    return statements


def read(settings: Settings, publication: Publication, period: BillingPeriod, months: ClosedMonths) -> PublishedMonth:
    """Return all that an open month's statements are made from.

    A closed month before it is compared with as it was closed; what became of it since is an adjustment. Raise BadInput
    for a month that is not published, Finding when a closed month's files were changed.
    """
    month = read_month(publication, period)
    rates = exchange_rates.load(settings, months, publication)
    if period.previous in months:
        month = replace(month, previous=closed.read_charges(settings, months[period.previous]))
    return replace(
        month,
        adjustments=_adjustments(settings, publication, period, months),
        exchange=rates,
        budgets=budgets.load(settings, period),
        measured=units.load(settings, period),
    )


def _adjustments(
    settings: Settings, publication: Publication, period: BillingPeriod, months: ClosedMonths
) -> tuple[Adjustment, ...]:
    available = publication.billing_periods
    mine = [m for m in months if adjustments.shows_adjustments_of(m, available, months) == period]
    if not mine:
        return ()
    shown = [(each, a) for each in months.values() for a in closed.read_adjustments(settings, each)]
    found: list[Adjustment] = []
    with open_state(settings).connect() as connection:
        for m in mine:
            before = [(where, a) for where, a in shown if a.billing_period == m]
            since = max([months[m].closed_at, *(where.closed_at for where, _ in before)])
            found += adjustments.adjustments(
                m,
                closed.read_charges(settings, months[m]),
                read_charges(publication, m),
                [a for _, a in before],
                _origins(connection, months[m], since),
            )
    return tuple(sorted(found, key=lambda each: each.key))


def _origins(connection: Connection, month: ClosedPeriod, since: datetime) -> Any:
    """Return what gives a provider's origin: the loads of the closed month that came after ``since``."""
    found = [load for load in snapshots.of_period(connection, month.billing_period) if load.loaded_at > since]

    @cache
    def origin_of(provider: str) -> Origin:
        lines = tuple(
            f"build {load.build_id}, loaded {snapshots.written(load.loaded_at)}, from "
            + (", ".join(f"delivery {d.delivery_id[:12]} of {d.source}" for d in load.deliveries) or "no delivery")
            for load in found
            if load.provider.value == provider
        )
        return Origin(month.statements_digest, lines)

    return origin_of


def _require_all_published(settings: Settings, period: BillingPeriod) -> None:
    with open_state(settings).connect() as connection:
        waiting = sorted({i.provider.value for i in ledger.pending(connection) if i.billing_period == period})
    if waiting:
        raise Finding(
            f"billing period {period}: what has landed of {', '.join(waiting)} is not published; "
            "run `finops build` first"
        )


def _write_closed(
    settings: Settings, month: PublishedMonth, statements: Sequence[Statement], rules: frozen_rules.Texts
) -> StatementSet:
    """Write the closed month's folder, then its record, then what readers open; killed between, it can be repeated."""
    period, made = month.billing_period, month.closing
    if made is None:
        raise ValueError("only a month with a closing can be written as closed")
    folder = closed.new_folder(settings, period)
    frozen = closed.freeze(folder, month.charges, month.adjustments, month.entries)
    frozen |= frozen_rules.freeze(folder, rules)
    (folder / "statements").mkdir()
    manifest = sets.write_set(folder / "statements", statements)
    closed.keep(folder, settings, period)
    used = {c.billing_currency for c in month.charges}
    rates = tuple(month.exchange.rate(each, period) for each in sorted(used)) if month.exchange else ()
    record = ClosedPeriod(
        period,
        made.at,
        made.by,
        month.build_id,
        manifest["digest"],
        frozen,
        tuple(rate for rate in rates if rate.source_currency != rate.target_currency),
    )
    with open_state(settings).begin() as connection:
        closing.record_closed(connection, record)
    return replace(put_back(settings, {period: record}, period, settings.statements_dir), statements=statements)


def kept_statements(settings: Settings, record: ClosedPeriod) -> Path:
    """Return the folder of a closed month's final statements. Raise Finding when they are not what was recorded."""
    kept = closed.folder_of(settings, record.billing_period) / "statements"
    found = sets.digest_of(kept) if kept.is_dir() else "missing"
    if found != record.statements_digest:
        raise Finding(
            f"{kept} is not what was recorded when {record.billing_period} was closed ({found[:12]}, not "
            f"{record.statements_digest[:12]}); put it back from a backup"
        )
    return kept


def put_back(settings: Settings, months: ClosedMonths, period: BillingPeriod, target: Path) -> StatementSet:
    """Return a closed month's statements under ``target``; what is there already and is the same stays untouched."""
    record = months[period]
    kept = kept_statements(settings, record)
    link = sets.link_of(target, period)
    if not (link.is_symlink() and _is_same(kept, link)):
        with sets.replacing_set(target, period) as folder:
            shutil.copytree(kept, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
            sets.flush(folder)
    notice = (
        f"{period} was closed by {record.closed_by}, {_when(record)}: its statements are final and stay as they are"
    )
    return sets.described(link, sets.manifest_of(kept), notice=notice)


def _is_same(kept: Path, link: Path) -> bool:
    here, there = ({p.relative_to(f) for p in f.rglob("*") if p.is_file()} for f in (kept, link.resolve()))
    return here == there and all(filecmp.cmp(kept / name, link.resolve() / name, shallow=False) for name in here)


def _when(record: ClosedPeriod) -> str:
    return f"{record.closed_at:%Y-%m-%d %H:%M} UTC"
