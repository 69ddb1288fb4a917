"""The schedules of a statement: small tables beside its breakdowns, made once and shown alike in every format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, ValidationInfo

from finops.chargeback.statement.rounding import apportion_amounts, digits_of, from_units, rounded

if TYPE_CHECKING:
    from finops.chargeback.invoices.models import Comparison
    from finops.chargeback.statement.facts import Charge, PublishedMonth
    from finops.chargeback.statement.models import Section
    from finops.chargeback.statement.shared import SharedLine
    from finops.policy.budgets import Budget


class Kind(StrEnum):
    """How a cell is read: money in the section's currency, a signed difference, a part of one, a quantity, words."""

    MONEY = "money"
    SIGNED = "signed"
    SHARE = "share"
    QUANTITY = "quantity"
    TEXT = "text"


def _read_back(value: object, info: ValidationInfo) -> object:
    """Tell a figure from words in JSON, where both are text; the kind, which stands before the value, says which."""
    return Decimal(value) if isinstance(value, str) and info.data.get("kind") is not Kind.TEXT else value


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure, exact as it is shown; None where there is nothing to say."""

    kind: Kind
    value: Annotated[Decimal | str | None, BeforeValidator(_read_back)]
    digits: int = 2


@dataclass(frozen=True, slots=True)
class Item:
    """One row: what it is, a remark below it, and a cell for each heading but the first."""

    label: str
    cells: tuple[Cell, ...]
    also: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A table with its heading, the remark that explains it, and a total where its columns have one."""

    name: str
    title: str
    note: str
    headings: tuple[str, ...]
    items: tuple[Item, ...]
    total: Item | None = None


_UNALLOCATED = "(unallocated)"
_KINDS = {
    "pool": "share of a pool",
    "offset": "taken away",
    "kept": "given back, nothing to divide by",
    "price": "internal price",
    "markup": "charged above cost",
    "markup_offset": "earned above cost",
}


def with_schedules(
    section: Section, month: PublishedMonth, charges: Sequence[Charge], owner: str | None = None
) -> Section:
    """Return the section with the schedules it has something to say in; ``owner`` None is the whole company."""
    found: list[Schedule] = []
    if section.shared is not None:
        found += _company_shared(section) if owner is None else [_owner_shared(section)]
    found += _budget(section, month, owner)
    found += _savings(section, charges)
    found += _units(section, month, owner)
    return replace(section, schedules=tuple(found))


def _money(units: int | None, digits: int, kind: Kind = Kind.MONEY) -> Cell:
    return Cell(kind, None if units is None else from_units(units, digits), digits)


def _owner_shared(section: Section) -> Schedule:
    digits, shared = section.digits, section.shared
    lines = shared.lines if shared else ()
    nothing = (Cell(Kind.SHARE, None), Cell(Kind.QUANTITY, None))
    amounts = _money(section.total.effective, digits), _money(section.total.billed, digits)
    direct = Item("Direct cost", (*amounts, *nothing), "by tag; every line is in the spreadsheet and in statement.csv")
    total = section.borne, section.total.billed + (shared.billed if shared else 0)
    return Schedule(
        "shared",
        "Direct and shared cost",
        "what the rules for shared cost added and took away",
        ("Rule", "Charged", "Billed", "Share", "Weight"),
        (direct, *(_shared_item(line, digits) for line in lines)),
        Item("Direct and shared cost", (*(_money(each, digits) for each in total), *nothing)),
    )


def _shared_item(line: SharedLine, digits: int) -> Item:
    each = line.entry
    other = "" if each.counterpart in ("(several)", each.cost_center) else f" {_named(each.counterpart)}"
    towards = {"pool": " from", "price": " of", "markup": " by", "offset": " for"}.get(each.entry_kind, "")
    return Item(
        f"{each.rule_id}, version {each.rule_version}",
        (
            _money(line.effective, digits, Kind.SIGNED),
            _money(line.billed, digits, Kind.SIGNED),
            Cell(Kind.SHARE, each.share),
            Cell(Kind.QUANTITY, each.weight),
        ),
        f"{_KINDS[each.entry_kind]}{towards if other else ''}{other} · {each.provider} · line {each.line_id}",
    )


def _named(owner: str) -> str:
    return "what has no owner" if owner == _UNALLOCATED else owner


def _company_shared(section: Section) -> Iterator[Schedule]:
    digits, shared = section.digits, section.shared
    if shared is None:
        return
    owners = next(each for each in section.breakdowns if each.name == "cost_center")
    direct = {line.labels[0]: line.shown.effective for line in owners.lines}
    moved: dict[str, int] = defaultdict(int)
    for line in shared.lines:
        moved[line.entry.cost_center] += line.effective
    names = sorted({*direct, *moved}, key=lambda n: (n == _UNALLOCATED, -direct.get(n, 0) - moved.get(n, 0), n))

    def item(label: str, own: int, more: int) -> Item:
        return Item(label, (_money(own + more, digits), _money(own, digits), _money(more, digits, Kind.SIGNED)))

    yield Schedule(
        "shared",
        "Direct and shared cost",
        "what is shared moves between cost centres and adds nothing",
        ("Cost centre", "Together", "Direct", "Shared"),
        tuple(item(name, direct.get(name, 0), moved.get(name, 0)) for name in names),
        item("Total", section.total.effective, shared.effective),
    )
    rules: dict[tuple[str, int, str, str], list[SharedLine]] = defaultdict(list)
    for line in shared.lines:
        each = line.entry
        rules[each.rule_id, each.rule_version, each.rule_digest, each.provider].append(line)
    if rules:
        yield Schedule(
            "rules",
            "Rules for shared cost",
            "what each rule of allocation.yml took, and from how many it went to how many",
            ("Rule", "Moved", "Givers", "Takers"),
            tuple(_rule(key, lines, digits) for key, lines in sorted(rules.items())),
        )


def _rule(key: tuple[str, int, str, str], lines: Sequence[SharedLine], digits: int) -> Item:
    rule_id, version, digest, provider = key
    givers = [line for line in lines if line.entry.entry_kind == "offset"]
    takers = {line.entry.cost_center for line in lines if line.entry.entry_kind in ("pool", "price")}
    return Item(
        f"{rule_id}, version {version}",
        (
            _money(-sum(line.effective for line in givers), digits),
            Cell(Kind.QUANTITY, Decimal(len({line.entry.cost_center for line in givers}))),
            Cell(Kind.QUANTITY, Decimal(len(takers))),
        ),
        f"{provider} · digest of the rule {digest}",
    )


def _savings(section: Section, charges: Sequence[Charge]) -> Iterator[Schedule]:
    """Yield what prices and commitments saved on usage, by FOCUS's columns, of providers that give list prices."""
    digits = section.digits
    measures = ("list_cost", "contracted_cost", "effective_cost")
    sums: dict[str, dict[tuple[str, ...], Decimal]] = {m: defaultdict(Decimal) for m in measures}
    with localcontext() as context:
        context.prec = 60
        for charge in charges:
            if charge.charge_category == "Usage":
                for measure, by_provider in sums.items():
                    by_provider[(charge.provider,)] += getattr(charge, measure)
        # A provider without prices (an enrolment, say) has no list cost: nothing can be said of its savings.
        known = {key for key, amount in sums["list_cost"].items() if amount > 0}
        exact = {m: {key: found[key] for key in known} for m, found in sums.items()}
        totals = {m: rounded(sum(found.values(), Decimal(0)), digits) for m, found in exact.items()}
    if not known:
        return
    shown = {m: apportion_amounts(found, totals[m], digits) for m, found in exact.items()}

    def item(label: str, figures: dict[str, int]) -> Item:
        listed, contracted, effective = (figures[m] for m in ("list_cost", "contracted_cost", "effective_cost"))
        saved = (contracted - effective, listed - contracted)
        cells = [_money(each, digits, Kind.SIGNED) for each in saved]
        return Item(label, (*cells, *(_money(each, digits) for each in (listed, contracted, effective))))

    yield Schedule(
        "savings",
        "Saved by commitments and prices",
        "usage only: by commitments = ContractedCost − EffectiveCost, unused ones taken off; by prices = ListCost − "
        "ContractedCost",
        ("Provider", "By commitments", "By prices", "List", "Contracted", "Effective"),
        tuple(item(key[0], {m: shown[m][key] for m in shown}) for key in sorted(known)),
        item("Total", totals),
    )


def _units(section: Section, month: PublishedMonth, owner: str | None) -> Iterator[Schedule]:
    """Yield what a unit of each measured driver costs: all that is borne, over the quantity."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for each in month.measured:
        if owner in (None, each.cost_center):
            found[each.driver, each.unit] += each.quantity
    cost = from_units(section.borne, section.digits)
    items = []
    for (driver, unit), quantity in sorted(found.items()):
        with localcontext() as context:
            context.prec = 60
            per_unit = (cost / quantity).quantize(Decimal("0.0001"))
        cells = (Cell(Kind.MONEY, per_unit, 4), Cell(Kind.QUANTITY, quantity), _money(section.borne, section.digits))
        items.append(Item(unit, cells, f"as measured by {driver}"))
    if items:
        yield Schedule(
            "units",
            "Cost per unit",
            "direct and shared cost over the month's quantity",
            ("Unit", "Per unit", "Quantity", "Cost"),
            tuple(items),
        )


def _budget(section: Section, month: PublishedMonth, owner: str | None) -> Iterator[Schedule]:
    mine: list[Budget] = [
        each for each in month.budgets if each.currency == section.currency and owner in (None, each.cost_center)
    ]
    if not mine or owner is None:
        return
    digits = section.digits
    budget = rounded(mine[0].amount, digits)
    with localcontext() as context:
        context.prec = 60
        used = (Decimal(section.borne) / Decimal(budget)).quantize(Decimal("0.001")) if budget else None
    left = _money(budget - section.borne, digits)
    yield Schedule(
        "budget",
        "Budget",
        "direct and shared cost against what the cost centre may spend in the month",
        ("", "Left", "Budget", "Spent", "Used"),
        (Item("This month", (left, _money(budget, digits), _money(section.borne, digits), Cell(Kind.SHARE, used))),),
    )


def of_invoices(invoices: Sequence[Comparison]) -> Schedule:
    """Return how the bills tied to their invoices, for the formats that show nothing else of them."""
    items = []
    for each in invoices:
        digits = digits_of(each.currency)
        given = each.given.total if each.given else None
        items.append(
            Item(
                each.invoice,
                (
                    Cell(Kind.MONEY, given, digits),
                    Cell(Kind.MONEY, each.billed_cost, digits),
                    Cell(Kind.MONEY, each.residue.unexplained if each.given else None, digits),
                    Cell(Kind.TEXT, each.currency),
                    Cell(Kind.TEXT, str(each.status)),
                    Cell(Kind.TEXT, f"{each.sign_off.signed_by}: {each.sign_off.reason}" if each.sign_off else ""),
                ),
                f"{each.provider} · {each.issuer}",
            )
        )
    headings = ("Invoice", "Invoice total", "Billed", "Unexplained", "Currency", "Status", "Signed off by")
    return Schedule("invoices", "The bills and their invoices", "as the month was closed", headings, tuple(items))
