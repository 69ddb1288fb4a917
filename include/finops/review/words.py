"""A KPI's figures as people read them, and the sentences that say what changed and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.core.money import digits_of
from finops.core.periods import BillingPeriod
from finops.pages import wording
from finops.review.models import MONTH, Kpi, KpiPeriod, Reason, Standing

UNKNOWN = "Unknown"
STANDINGS = {
    Standing.MET: "Meets its target",
    Standing.MISSED: "Misses its target",
    Standing.WITHOUT_TARGET: "No target",
    Standing.UNKNOWN: UNKNOWN,
}
PERCENT = "percent"


def number(value: Decimal, period: KpiPeriod) -> str:
    """Return a figure without its unit: percent with one decimal, money with those of its currency.

    A KPI below one gets three digits that say something; a part of it that would be shown as zero gets one more.
    """
    digits = _digits(period)
    if value and not _rounded(value, digits):
        digits += 1
    return f"{_rounded(value, digits) or Decimal(0):,.{digits}f}".replace("-", wording.MINUS)


def is_visible(part: Decimal | None, period: KpiPeriod) -> bool:
    """Return whether a part of a KPI is large enough to be shown."""
    return bool(part and _rounded(part, _digits(period) + 1))


def _rounded(figure: Decimal, digits: int) -> Decimal:
    """Return a figure rounded half away from zero, as every amount is."""
    return figure.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _digits(period: KpiPeriod) -> int:
    digits = digits_of(period.currency) if "amount" in period.unit else 1
    largest = max((abs(each) for each in (period.value, period.previous_value) if each), default=Decimal(1))
    if period.unit != PERCENT and largest < 1:
        digits = max(digits, 2 - largest.adjusted())
    return min(digits, 11)


def unit(period: KpiPeriod) -> str:
    """Return the unit with the currency in it: ``USD per GPU hour``, ``%``."""
    return "%" if period.unit == PERCENT else period.unit.replace("amount", period.currency)


def value(figure: Decimal | None, period: KpiPeriod) -> str:
    """Return a value with its unit; Unknown where there is none."""
    return UNKNOWN if figure is None else f"{number(figure, period)} {unit(period)}"


def short_value(period: KpiPeriod) -> str:
    """Return a known value with the currency alone, beside a name that says per what: ``2.06 USD``."""
    return UNKNOWN if period.value is None else f"{number(period.value, period)} {unit(period).split(' per ')[0]}"


def size(change: Decimal, period: KpiPeriod) -> str:
    """Return how large a change is, without its sign: ``3.1 points``, ``0.25 USD``."""
    short = "points" if period.unit == PERCENT else unit(period).split(" per ")[0]
    return f"{number(abs(change), period)} {short}"


def target(period: KpiPeriod) -> str:
    """Return what the KPI is held against: ``at least 80 %``, ``at most 2.50 USD per GPU hour``."""
    return "none" if period.target is None else f"{short_target(period)}{'' if period.unit == PERCENT else _of(period)}"


def short_target(period: KpiPeriod) -> str:
    """Return the target beside a value that has its unit: ``at most 2.50``."""
    if period.target is None:
        return "–"
    is_whole = period.target == period.target.to_integral()
    least = 0 if is_whole else 1 if period.unit == PERCENT else digits_of(period.currency)
    digits = max(least, -int(period.target.normalize().as_tuple().exponent))
    most = "at least" if period.better == "higher" else "at most"
    return f"{most} {period.target:,.{digits}f}{' %' if period.unit == PERCENT else ''}"


def _of(period: KpiPeriod) -> str:
    return f" {unit(period)}"


def span(week: date) -> str:
    """Return ``3–9 February 2025``, with both months where there are two."""
    last = week + timedelta(days=6)
    if week.month == last.month:
        return f"{week.day}–{wording.day(last)}"
    first = wording.day(week) if week.year != last.year else wording.day(week).rsplit(" ", 1)[0]
    return f"{first} – {wording.day(last)}"


def when(start: date, grain: str) -> str:
    """Return what the period from a day on is called: ``week of 3 February 2025``, ``February 2025``."""
    return wording.month(BillingPeriod(start.year, start.month)) if grain == MONTH else f"week of {wording.day(start)}"


def tick(start: date, grain: str) -> str:
    """Return a period as it stands under a chart: ``3 Feb``, ``Feb 25``."""
    return f"{start:%b %y}" if grain == MONTH else f"{start.day} {start:%b}"


def change(period: KpiPeriod) -> str:
    """Return the change in words: ``rose by 0.25 USD (+12.1 %)``."""
    before = "month" if period.grain == MONTH else "week"
    if period.value is None:
        return f"{UNKNOWN}, so there is nothing to compare"
    if period.change is None:
        return f"There is no figure of the {before} before"
    if not is_visible(period.change, period):
        return f"Unchanged against the {before} before"
    verb = "Rose" if period.change > 0 else "Fell"
    return f"{verb} by {size(period.change, period)}{relative(period)} against the {before} before"


def relative(period: KpiPeriod) -> str:
    """Return the change in percent of the value before, in brackets; nothing for a KPI that is in percent itself."""
    part = period.relative_change
    if part is None or period.unit == PERCENT:
        return ""
    shown = "more than tenfold" if abs(part) >= 10 else wording.signed_percent(Fraction(part))
    return f" ({shown})"


def signed(figure: Decimal | None, period: KpiPeriod) -> str:
    """Return a difference with its sign for a table; a dash where it is not known."""
    if figure is None:
        return "–"
    points = " points" if period.unit == PERCENT else ""
    shown = figure if is_visible(figure, period) else Decimal(0)
    return ("+" if shown > 0 else "") + number(shown, period) + points


def reasons(period: KpiPeriod, by: str) -> str:
    """Return the largest reasons for a change as one sentence; nothing where nothing changed or is known."""
    shown = [each for each in period.reasons if is_visible(each.change, period)]
    if not shown or period.change is None or not is_visible(period.change, period):
        return ""
    parts = [_part(each, period, by) for each in shown]
    other = period.change - sum(each.change for each in shown)
    if is_visible(other, period):
        parts.append(f"all others together {_verb(other)} {size(other, period)}")
    lead = f"By {by}: " if by else ""
    return f"{lead}{'; '.join(parts)}."


def _part(reason: Reason, period: KpiPeriod, by: str) -> str:
    said = f"{subject(reason, by)} {_verb(reason.change)} {size(reason.change, period)}"
    if period.is_total:
        return said
    if reason.value is None:
        return f"{said} by having none any more"
    if reason.previous_value is None:
        return f"{said} as a newcomer at {number(reason.value, period)}"
    before, now = number(reason.previous_value, period), number(reason.value, period)
    if before == now:
        return f"{said} by its weight alone, at {now} as before"
    return f"{said}, its own going from {before} to {now}"


def subject(reason: Reason, by: str) -> str:
    """Return whom or what a reason is about: ``no model`` for what belongs to none."""
    if reason.subject == UNALLOCATED:
        return "what is not allocated"
    return wording.name(reason.subject, f"no {by}" if by else "None")


def _verb(part: Decimal) -> str:
    return "added" if part > 0 else "took off"


def listed(names: Sequence[str], most: int = 3, separator: str = ", ") -> str:
    """Return names in a sentence, the first of them and how many more."""
    shown = [*names[:most], *([f"{len(names) - most} more"] if len(names) > most else [])]
    return shown[0] if len(shown) == 1 else f"{separator.join(shown[:-1])} and {shown[-1]}"


def called(kpi: Kpi, *, with_currency: bool) -> str:
    """Return a KPI's name, and the currency where there are several."""
    is_told = with_currency and kpi.about.currency != ABSENT
    return f"{kpi.about.name} ({kpi.about.currency})" if is_told else kpi.about.name


def billed_in(currency: str) -> str:
    """Return the heading of a currency's KPIs; some are of no bill, such as the age of data."""
    return "In no currency" if currency == ABSENT else f"Billed in {currency}"
