"""Tables of names and amounts: names wrap or are cut, amounts stand right and are never cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.lib.colors import Color
from reportlab.platypus import CondPageBreak, Flowable
from reportlab.platypus import Table as Layout

from finops.core.dimensions import UNALLOCATED
from finops.pages import wording
from finops.pages.figures import Row, Table
from finops.pages.pdf.drawing import bar
from finops.pages.pdf.sheet import FAINT, INK, LINE, SERIES, SOFT, WIDTH
from finops.pages.pdf.typeface import drawable, fitted, typeface, value, width_of

_SIZES = (8.0, 7.4, 6.8, 6.2, 5.6, 5.0)
_GAP = 10
_NARROWEST_NAME = 96


@dataclass(frozen=True, slots=True)
class TextRow:
    """One row: a name, what stands small below it, its cells, and the share that its second cell draws as a bar."""

    name: str
    cells: tuple[str, ...]
    also: str = ""
    permille: int | None = None
    has_bar: bool = False
    colour: Color | None = None
    is_loose: bool = False


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of worded figures, before it is laid out.

    ``key`` is the column of amounts that stands out, ``coloured`` that of changes.
    """

    title: str
    note: str
    headings: tuple[str, ...]
    rows: Sequence[TextRow]
    total: TextRow | None = None
    key: int = 0
    coloured: int | None = None


class _Name(Flowable):
    """The first cell of a row: a name in as many lines as it takes, and small ones below."""

    def __init__(self, row: TextRow, width: float, size: float, *, bold: bool) -> None:
        super().__init__()
        self.size, self.small, self.bold, self.width = size, size - 0.9, bold, width
        # A long name's digest stands at its end: lines enough for it also where the amounts take much of the width.
        self.lines = fitted(row.name, size, width, bold=bold, most=4)
        self.below = fitted(row.also, self.small, width, most=2) if row.also else []
        self.height = (size + 1.8) * (len(self.lines) + len(self.below))

    def wrap(self, *_: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        y = self.height - self.size
        for lines, size, colour, bold in (
            (self.lines, self.size, INK, self.bold),
            (self.below, self.small, SOFT, False),
        ):
            self.canv.setFillColor(colour)
            self.canv.setFont(typeface(bold=bold), size)
            for line in lines:
                self.canv.drawString(0, y, line)
                y -= self.size + 1.8


class _Share(Flowable):
    """A share as text, and below it as a bar."""

    def __init__(self, text: str, permille: int | None, width: float, size: float) -> None:
        super().__init__()
        self.text, self.permille, self.width, self.size = text, permille, width, size
        self.height = size + 4.5

    def wrap(self, *_: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        self.canv.setFillColor(INK)
        self.canv.setFont(typeface(), self.size)
        self.canv.drawRightString(self.width, self.height - self.size, self.text)
        bar(self.canv, 0, 0, self.width, (self.permille or 0) / 1000, SERIES["series-0"])


def drawn(table: Table, unit: str = "") -> Iterator[Flowable]:
    """Yield a table with its figures worded, on a page where its beginning has room; ``unit`` follows its title."""
    total = None if table.total is None else _worded(table.total)
    title = f"{table.title}, {unit}" if unit else table.title
    yield CondPageBreak(100)
    yield laid_out(TextTable(title, table.note, table.headings, [_worded(each) for each in table.rows], total))


def _worded(row: Row) -> TextRow:
    cells = tuple("" if each.value is None else wording.cell(each) for each in row.cells)
    return TextRow(value(row.label), cells, drawable(wording.short(row.remark)), is_loose=row.label == UNALLOCATED)


def laid_out(table: TextTable) -> Layout:
    """Lay a table out over the width of the page; its title and headings repeat on every page it runs over."""
    everything = [*table.rows, *([table.total] if table.total else [])]
    size, widths = _measured(table, everything)
    name_width = WIDTH - sum(widths)
    cells: list[list[Any]] = [[_Title(table.title, table.note), *[""] * len(widths)], list(table.headings)]
    for row in everything:
        drawn: list[Any] = list(row.cells)
        if row.has_bar:
            drawn[1] = _Share(row.cells[1], row.permille, widths[1] - _GAP, size)
        inset = 12 if row.is_loose else 6
        cells.append([_Name(row, name_width - inset, size, bold=row is table.total), *drawn])
    layout = Layout(cells, colWidths=[name_width, *widths], repeatRows=2, style=_style(table, everything, size))
    layout.spaceAfter = 18
    return layout


def _measured(table: TextTable, rows: Sequence[TextRow]) -> tuple[float, list[float]]:
    """Return the largest size at which all amounts stand in full and the names still have room, and the widths."""
    for size in _SIZES:
        widths = [
            _GAP
            + max(
                width_of(heading, size - 0.6),
                *(width_of(row.cells[column], size, bold=True) for row in rows),
                46 if any(row.has_bar for row in rows) and column == 1 else 0,
            )
            for column, heading in enumerate(table.headings[1:])
        ]
        if WIDTH - sum(widths) >= _NARROWEST_NAME:
            break
    return size, widths


def _style(table: TextTable, rows: Sequence[TextRow], size: float) -> list[tuple[Any, ...]]:
    regular, semibold = typeface(), typeface(bold=True)
    last = len(rows) + 1
    style: list[tuple[Any, ...]] = [
        ("SPAN", (0, 0), (-1, 0)),
        ("FONT", (0, 1), (-1, 1), regular, size - 0.6),
        ("TEXTCOLOR", (0, 1), (-1, 1), SOFT),
        ("FONT", (0, 2), (-1, -1), regular, size),
        ("TEXTCOLOR", (0, 2), (-1, -1), INK),
        ("FONT", (table.key + 1, 2), (table.key + 1, -1), semibold, size),
        ("LEADING", (0, 1), (-1, -1), size + 1.8),
        ("ALIGN", (1, 1), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 1), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 1), (-1, -1), 3),
        ("LINEABOVE", (0, 2), (-1, 2), 0.6, LINE),
        ("LINEABOVE", (0, 3), (-1, -1), 0.4, FAINT),
        ("NOSPLIT", (0, max(last - 2, 2)), (-1, last)),
    ]
    if table.total is not None:
        style += [
            ("FONT", (0, last), (-1, last), semibold, size),
            ("LINEABOVE", (0, last), (-1, last), 0.9, INK),
        ]
    for line, row in enumerate(rows, start=2):
        if row.is_loose:
            style += [("BACKGROUND", (0, line), (-1, line), FAINT), ("LEFTPADDING", (0, line), (0, line), 6)]
        if row.colour is not None and table.coloured is not None:
            style.append(("TEXTCOLOR", (table.coloured + 1, line), (table.coloured + 1, line), row.colour))
    return style


class _Title(Flowable):
    """A table's title, and beside it what it says."""

    def __init__(self, title: str, note: str) -> None:
        super().__init__()
        self.title, self.note = title, note

    def wrap(self, *_: float) -> tuple[float, float]:
        return WIDTH, 15

    def draw(self) -> None:
        draw_title(self.canv, self.title, self.note, 3)


def draw_title(canvas: Any, title: str, note: str, y: float) -> None:
    """Draw a heading at the left and its note at the right."""
    canvas.setFillColor(INK)
    canvas.setFont(typeface(bold=True), 11)
    canvas.drawString(0, y, title)
    if note:
        canvas.setFillColor(SOFT)
        canvas.setFont(typeface(), 7.5)
        canvas.drawRightString(WIDTH, y, fitted(note, 7.5, WIDTH - width_of(title, 11, bold=True) - 20, most=1)[0])
