"""Deliver the statements of a billing period: each audience's package to each of its targets, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from finops.core.errors import Finding, FinopsError, NotReady
from finops.core.locks import exclusive
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.delivery.models import DeliveryReport, Outcome, Package, Result, digest_of
from finops.delivery.packages import pack
from finops.delivery.targets import open_place
from finops.policy import delivery
from finops.policy.delivery import Target
from finops.stores.closed_files import closed_months
from finops.stores.state import statement_deliveries
from finops.stores.state.store import open_state
from finops.stores.statements import open_statements

Clients = Callable[[Target], Any]
"""From a target to its SDK's client; None leaves it to the SDK's default chain."""

ASKED_IN_HOURS = frozenset({0, 1, 2, 4, *range(8, 73, 8)})
"""The hours after a close in which an incomplete delivery is repeated: a failing target is tried less and less often,
for three days. A target that is added later is sent no old month by itself."""


class NotDelivered(Finding):
    """Some targets did not get their package. ``is_retryable`` when trying again can help one of them."""

    def __init__(self, *reports: DeliveryReport) -> None:
        super().__init__("; ".join(map(_failures, reports)))
        self.is_retryable = any(each.is_retryable for report in reports for each in report.failed)


def _failures(report: DeliveryReport) -> str:
    reasons = "; ".join(f"{each.reason}" for each in report.failed)
    return f"{len(report.failed)} of {len(report.outcomes)} deliveries of {report.billing_period} failed: {reasons}"


def deliver(
    settings: Settings,
    period: BillingPeriod,
    *,
    clients: Clients = lambda _: None,
    dry_run: bool = False,
    mail_provisional: bool = True,
) -> DeliveryReport:
    """Deliver what is missing of ``period`` to every configured target; a dry run only says who would get what.

    Without ``mail_provisional`` mailboxes wait for the final statements (``Result.HELD``): what is sent every day and
    unseen belongs where the next one replaces it.

    What a target has already, by the state store or by its own manifest, is not sent again. A target that fails is
    reported and does not keep the others from theirs: see ``DeliveryReport.failed``.

    Raise BadInput when ``delivery.yml`` is invalid, NotReady when the month has no statements, Finding
    when a file is not what the statements' manifest lists; nothing is sent then.
    """
    targets = {each.cost_center: each.targets for each in delivery.load(settings)}
    with exclusive(settings, "deliveries"):
        statements = open_statements(settings, period)
        addressed = [each for each in statements.audiences if each.cost_center in targets]
        for audience in addressed:
            pack(statements, audience)  # Proves it. One is in memory at a time, so each is read again when it goes.
        with open_state(settings).begin() as connection:
            known = statement_deliveries.delivered(connection, period)
        outcomes = []
        for audience in addressed:
            package = pack(statements, audience)
            for target in targets[audience.cost_center]:
                if target.is_mailbox and not (mail_provisional or package.is_final):
                    outcomes.append(_outcome(package, target, Result.HELD))
                    continue
                has_it = known.get((package.folder, target.uri)) == package.digest
                outcomes.append(_hand_over(settings, package, target, clients, has_it=has_it, dry_run=dry_run))
    stated = [each.cost_center for each in statements.audiences]
    return DeliveryReport(
        period,
        tuple(outcomes),
        without_statement=tuple(each for each in targets if each not in stated),
        without_target=tuple(each for each in stated if each not in targets),
    )


def undelivered_final(settings: Settings, now: datetime) -> list[BillingPeriod]:
    """Return the closed months whose delivery is due in this hour and whose final statements some target lacks.

    See ``ASKED_IN_HOURS``. Only the state store and the statements' manifests are read.
    """
    if not delivery.has_targets(settings):
        return []
    closed = closed_months(settings)
    with open_state(settings).begin() as connection:
        due = [p for p, record in closed.items() if (now - record.closed_at) // timedelta(hours=1) in ASKED_IN_HOURS]
        known = {period: statement_deliveries.delivered(connection, period) for period in due}
    return [period for period in due if _is_awaited(settings, period, known[period])]


def _is_awaited(settings: Settings, period: BillingPeriod, known: Mapping[tuple[str, str], str]) -> bool:
    try:
        statements = open_statements(settings, period)
    except NotReady:
        return True  # The close was killed before its statements were shown.
    targets = {each.cost_center: each.targets for each in delivery.load(settings)}
    for audience in statements.audiences:
        files = sorted(audience.files, key=lambda each: each.path)
        digest = digest_of("final", ((each.sha256, each.name) for each in files))
        if any(known.get((audience.folder, each.uri)) != digest for each in targets.get(audience.cost_center, ())):
            return True
    return False


def _hand_over(
    settings: Settings, package: Package, target: Target, clients: Clients, *, has_it: bool, dry_run: bool
) -> Outcome:
    if has_it or dry_run:
        return _outcome(package, target, Result.UNCHANGED if has_it else Result.PLANNED)
    try:
        place = open_place(settings, target, clients(target))
        result = Result.UNCHANGED if place.holds(package) else Result.DELIVERED
        if result is Result.DELIVERED:
            place.put(package)
    except FinopsError as error:
        return _outcome(package, target, Result.FAILED, error)
    with open_state(settings).begin() as connection:
        statement_deliveries.record(connection, package.billing_period, package.folder, target.uri, package.digest)
    return _outcome(package, target, result)


def _outcome(package: Package, target: Target, result: Result, error: FinopsError | None = None) -> Outcome:
    names = tuple(each.name for each in package.files)
    reason, is_retryable = (None, False) if error is None else (str(error), error.is_retryable)
    return Outcome(package.cost_center, target.uri, result, package.digest, names, reason, is_retryable)
