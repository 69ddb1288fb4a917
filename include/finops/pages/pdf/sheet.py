"""The sheet: its size, its foot, its palette, and a date that makes the same content the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

from finops.pages.pdf.typeface import fitted, typeface, width_of

MARGIN, FOOT = 42, 44
WIDTH = A4[0] - 2 * MARGIN

INK, SOFT, LINE, FAINT = HexColor("#17212b"), HexColor("#566370"), HexColor("#cfd5db"), HexColor("#eef1f4")
GOOD, GOOD_PAPER, RISE, FALL = HexColor("#17775c"), HexColor("#e9f5f0"), HexColor("#b4451f"), HexColor("#17775c")
SERIES = {
    f"series-{name}": HexColor(colour)
    for name, colour in {
        **{"0": "#2f6db5", "1": "#e0912b", "2": "#2a9d7f", "3": "#8467c4", "4": "#c85a78", "5": "#4fa8c9"},
        **{"rest": "#94a0ad", "loose": "#c3cad2"},
    }.items()
}


def colour_of(change: int | None) -> Color:
    """Return the colour of a rise or a fall."""
    if not change:
        return SOFT
    return RISE if change > 0 else FALL


def write(
    story: Sequence[Flowable], path: Path, *, title: str, subject: str, as_of: datetime, foot: tuple[str, str]
) -> None:
    """Lay the story out on as many pages as it needs and write the file, dated ``as_of`` (UTC).

    ``foot`` stands on every page: a name, cut where it is long, and facts that follow it.
    """
    name, facts = foot
    room = WIDTH - 70 - width_of(facts, 7.5)

    class Pages(_NumberedPages):
        created = f"D:{as_of:%Y%m%d%H%M%S}Z"
        foot_text = fitted(name, 7.5, room, most=1)[0] + facts

    document = BaseDocTemplate(
        str(path),
        pagesize=A4,
        title=title,
        author="Cloud Cost Intelligence",
        subject=subject,
        lang="en",
        # No time of making and no random id: publishing the same version twice gives the same bytes.
        invariant=True,
    )
    frame = Frame(MARGIN, FOOT, WIDTH, A4[1] - FOOT - 36, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    document.addPageTemplates(PageTemplate(frames=[frame]))
    document.build(list(story), canvasmaker=Pages)


class _NumberedPages(Canvas):
    """Writes ``Page 2 of 5`` under every page once it is known how many there are."""

    created = ""
    foot_text = ""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options | {"initialFontName": typeface()})
        self.setDateFormatter(lambda *_: self.created)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:
        """Keep the page until all are known."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write all pages with their feet."""
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self._draw_foot(number, len(self._pages))
            super().showPage()
        super().save()

    def _draw_foot(self, number: int, pages: int) -> None:
        self.setStrokeColor(LINE)
        self.setLineWidth(0.5)
        self.line(MARGIN, FOOT - 10, A4[0] - MARGIN, FOOT - 10)
        self.setFillColor(SOFT)
        self.setFont(typeface(), 7.5)
        self.drawString(MARGIN, FOOT - 21, self.foot_text)
        self.drawRightString(A4[0] - MARGIN, FOOT - 21, f"Page {number} of {pages}")
