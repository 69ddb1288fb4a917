"""Figures and names as people read them in the pages. Spreadsheets and CSV get numbers and raw names instead."""

from __future__ import annotations

import calendar
import hashlib
import unicodedata
from datetime import date
from decimal import Decimal
from fractions import Fraction

from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.core.money import from_units
from finops.core.periods import BillingPeriod
from finops.pages.figures import Cell, Kind

MINUS = "\N{MINUS SIGN}"
_LONGEST_NAME = 96
_LONGEST_REMARK = 240
_TURNS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_NAMES = {
    "aws": "AWS",
    "azure": "Azure",
    "gcp": "Google Cloud",
    UNALLOCATED: "Not allocated",
    "training": "Training",
    "inference": "Inference",
    "data-preprocessing": "Data preprocessing",
}


def money(units: int, digits: int) -> str:
    """Return an amount with thousands separators and all decimals of its currency: ``−1,234.50``."""
    return f"{from_units(units, digits):,}".replace("-", MINUS)


def signed_money(units: int | None, digits: int) -> str:
    """Return a difference with its sign: ``+1,234.50``; a dash where it is not known."""
    if units is None:
        return "–"
    return ("+" if units > 0 else "") + money(units, digits)


def cell(figure: Cell) -> str:
    """Return a figure of a table; a dash where there is nothing to say."""
    found = figure.value
    if found is None or isinstance(found, str):
        return "–" if found is None else short(found)
    if figure.kind is Kind.QUANTITY:
        return f"{round(found, 4).normalize():,f}"
    if figure.kind is Kind.SHARE:
        return f"{found * 100:.1f} %".replace("-", MINUS)
    sign = "+" if figure.kind is Kind.SIGNED and found > 0 else ""
    return sign + f"{found:,.{figure.digits}f}".replace("-", MINUS)


def rate(value: Decimal) -> str:
    """Return an exchange rate with all its decimals and no trailing zeros: ``1.0389``."""
    return f"{value.normalize():f}"


def share(permille: int | None) -> str:
    """Return a share of a total: ``12.3 %``; a dash where it says nothing."""
    return "–" if permille is None else f"{permille / 10:.1f} %".replace("-", MINUS)


def signed_percent(part: Fraction | None) -> str:
    """Return a relative change: ``+4.2 %``; a dash where there is nothing to compare with."""
    if part is None:
        return "–"
    tenths = round(part * 1000)
    if abs(tenths) >= 100_000:  # "+123456.7 %" says no more than this
        return f"{'+' if tenths > 0 else MINUS}>9,999 %"
    return f"{'+' if tenths > 0 else ''}{tenths / 10:,.1f} %".replace("-", MINUS)


def name(value: str, absent: str = "None") -> str:
    """Return a dimension's value for people: known ones in words, absent ones as ``absent``, long ones cut.

    A cut name keeps a digest of the whole, so that two long names stay two.
    """
    if value == ABSENT:
        return absent
    return _NAMES.get(value, short(value, _LONGEST_NAME)) or "(empty)"


def resource_name(ident: str) -> str:
    """Return the name at the end of a resource's id, where it is a path or an ARN; of every other id all of it."""
    if not ident.startswith(("/", "arn:")):
        return ident
    *others, last = ident.rstrip("/").split("/")
    # A load balancer's name stands before a number that AWS gives it.
    name = others[-1] if ":loadbalancer/" in ident and others else last
    return name.rsplit(":", 1)[-1] or ident


def short(value: str, most: int = _LONGEST_REMARK) -> str:
    """Return ``value`` printable, and cut as a name is where it is longer than a remark can be."""
    if len(value) <= most:
        return printable(value)
    digest = hashlib.sha256(value.encode()).hexdigest()[:8]
    return f"{printable(value[: most - 16])}… ({len(value):,} characters, {digest})"


def printable(value: str) -> str:
    """Return ``value`` with control characters made visible as a replacement character.

    Among them those that turn the direction of writing, with which a name can look like another one.
    """
    return "".join("\N{REPLACEMENT CHARACTER}" if _is_control(character) else character for character in value)


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc" or unicodedata.bidirectional(character) in _TURNS


def month(period: BillingPeriod) -> str:
    """Return ``June 2026``."""
    return f"{calendar.month_name[period.month]} {period.year}"


def day(value: date) -> str:
    """Return ``3 June 2026``."""
    return f"{value.day} {calendar.month_name[value.month]} {value.year}"
