"""From a budget of ``budgets.yml`` to what a cloud's own can say of it, or why it can say nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from finops.budgets.mirror.models import Alert, Dialect, Filter, Terms, Wanted
from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.policy.budgets import Line, Measure, Mirror
from finops.policy.budgets.calendar import Per, Span

_IN_CALENDAR = {Per.MONTH: 1, Per.QUARTER: 3, Per.YEAR: 12}


def name_of(mirror: Mirror, ident: str, longest: int) -> str:
    """Return a budget's name in the cloud: what all clouds allow, not too long, and never that of another id."""
    plain = re.sub(r"[^a-z0-9-]", "-", ident.lower())
    room = longest - len(mirror.prefix)
    if plain == ident and len(plain) <= room:
        return mirror.prefix + plain
    digest = hashlib.sha256(ident.encode()).hexdigest()[:8]
    return f"{mirror.prefix}{plain[: room - 9]}-{digest}"


def wanted(
    line: Line, mirror: Mirror, dialect: Dialect, tags: Mapping[str, str], today: date
) -> tuple[Wanted | None, tuple[str, ...]]:
    """Return a budget as it should be in the cloud, or None and every reason why it cannot be there.

    ``tags``: dimension → the tag that alone fills it.
    """
    span = line.period_of(today)
    why = [*_of_kind(line, span, mirror), *_of_scope(line, mirror, dialect, tags)]
    if why or span is None:
        return None, tuple(why)
    alerts, notes = _alerts(line, mirror, dialect)
    terms = Terms(
        amount=line.amount_of(span),
        currency=line.currency,
        per=line.per,
        end=line.last if dialect.has_end else None,
        filters=frozenset(_filters(line, mirror, dialect, tags)),
        alerts=alerts,
        notify=frozenset(mirror.notify) if alerts else frozenset(),
    )
    tagged = [tags[name] for name, _ in line.scope if name in tags]
    if tagged:
        notes.append(f"counts only what bears {' and '.join(tagged)} itself, in this spelling")
    return Wanted(line.id, name_of(mirror, line.id, dialect.longest_name), span.first, terms, tuple(notes)), ()


def _of_kind(line: Line, span: Span | None, mirror: Mirror) -> Iterator[str]:
    if line.kpi is not None:
        yield "no cloud's budgets know KPIs"
        return
    if line.is_allocated:
        yield "it counts shared cost, which no cloud knows"
    if line.per is Per.WEEK:
        yield "no cloud's budgets have weeks"
    elif (line.first.month - 1) % _IN_CALENDAR[line.per]:
        yield f"the clouds' {line.per.value}s are the calendar's, and this one's begin in {line.first:%B}"
    if line.schedule:
        yield "its amounts change by month"
    if line.roll_over:
        yield "no cloud's budgets roll over"
    if line.currency != mirror.currency:
        yield f"it is in {line.currency}, and the cloud bills {mirror.currency}"
    if span is None:
        yield "it has no period that runs today"


def _of_scope(line: Line, mirror: Mirror, dialect: Dialect, tags: Mapping[str, str]) -> Iterator[str]:
    if line.kpi is not None:
        return
    yield from _of_place(dict(line.scope), mirror)
    for name, values in _narrowing(line, mirror):
        if name not in dialect.dimensions and name not in tags:
            yield f"{name} is no dimension there"
        elif ABSENT in values or UNALLOCATED in values:
            yield f"charges without {name} cannot be named there"
    tagged = [values for name, values in line.scope if name in tags]
    if dialect.one_tag and (len(tagged) > 1 or any(len(each) > 1 for each in tagged)):
        yield "there a budget has one label with one value"


def _of_place(scope: Mapping[str, tuple[str, ...]], mirror: Mirror) -> Iterator[str]:
    """Yield why the mirror's own scope is not where the budget's charges are billed."""
    providers = scope.get("provider", (mirror.provider, "others"))
    if mirror.provider not in providers:
        yield f"it is of {' and '.join(providers)}"
    elif providers != (mirror.provider,):
        yield f"it counts other clouds too; its scope would have to say provider: {mirror.provider}"
    accounts = scope.get("billing_account_id")
    account = mirror.scope.rpartition("/")[2]
    if accounts is not None and accounts != (account,) and not _is_subscription(mirror):
        yield f"it counts billing account {' or '.join(accounts)}, and the mirror is of {account}"
    if _is_subscription(mirror) and [each.lower() for each in scope.get("sub_account_id", ())] != [account.lower()]:
        yield f"it counts more than this subscription; its scope would have to say sub_account_id: {account}"


def _is_subscription(mirror: Mirror) -> bool:
    return mirror.scope.startswith("/subscriptions/")


def _narrowing(line: Line, mirror: Mirror) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the dimensions of a scope that the mirror's own scope does not stand for."""
    for name, values in line.scope:
        is_place = name in ("provider", "billing_account_id") or (name == "sub_account_id" and _is_subscription(mirror))
        if not is_place:
            yield name, values


def _filters(line: Line, mirror: Mirror, dialect: Dialect, tags: Mapping[str, str]) -> Iterator[Filter]:
    for name, values in _narrowing(line, mirror):
        if name in dialect.dimensions:
            yield "dimension", dialect.dimensions[name], values
        elif name in tags:
            yield "tag", tags[name], values


def _alerts(line: Line, mirror: Mirror, dialect: Dialect) -> tuple[frozenset[Alert], list[str]]:
    """Return the thresholds of which somebody is told, the highest where there are too many, and what is left out."""
    if not mirror.notify:
        return frozenset(), []
    known = [each for each in line.thresholds if each.measure in (Measure.ACTUAL, Measure.FORECAST)]
    kept = sorted(known, key=lambda each: -each.percent)[: dialect.most_alerts]
    left = [str(each) for each in line.thresholds if each not in kept]
    notes = [f"not told there: {', '.join(left)}"] if left else []
    return frozenset((each.measure, Decimal(each.percent)) for each in kept), notes
