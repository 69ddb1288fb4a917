"""The typeface of the pages, and text made to fit it.

Fira Sans (SIL Open Font License) has Latin, Greek and Cyrillic. A character that it lacks is drawn as a box: nothing
is dropped, and two names that differ only in such characters stay two, because a digest follows them.
"""

from __future__ import annotations

import hashlib
import unicodedata
from functools import cache
from pathlib import Path

import fontpkg_fira_sans
from fontTools.ttLib import TTFont as OpenType
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from finops.core.dimensions import ABSENT
from finops.pages import wording

BOX = "\N{WHITE SQUARE}"
ELLIPSIS = "…"
_FIGURES = "0123456789+%" + wording.MINUS


@cache
def typeface(*, bold: bool = False) -> str:
    """Return the name under which the typeface is registered; its figures are all of one width."""
    weight = "SemiBold" if bold else "Regular"
    path = fontpkg_fira_sans.ROOT / "files" / f"FiraSans-{weight}.ttf"
    font = TTFont(f"Statement-{weight}", path, shapable=False)
    _align_figures(font, path)
    # What any font draws for a character it does not have: its glyph number 0.
    font.face.charToGlyph[ord(BOX)] = 0
    font.face.charWidths[ord(BOX)] = font.face.defaultWidth
    pdfmetrics.registerFont(font)
    return font.fontName


def _align_figures(font: TTFont, path: Path) -> None:
    """Take the typeface's tabular figures (OpenType feature ``tnum``), so that columns of amounts line up."""
    with OpenType(path, lazy=True) as opentype:
        table, glyph_of = opentype["GSUB"].table, opentype.getBestCmap()
        features = [each.Feature for each in table.FeatureList.FeatureRecord if each.FeatureTag == "tnum"]
        lookups = sorted({index for feature in features for index in feature.LookupListIndex})
        tabular: dict[str, str] = {}
        for lookup in (table.LookupList.Lookup[index] for index in lookups):
            for part in lookup.SubTable:
                tabular |= getattr(part, "ExtSubTable", part).mapping
        per_mille = 1000 / opentype["head"].unitsPerEm
        for character in _FIGURES:
            glyph = tabular[glyph_of[ord(character)]]
            font.face.charToGlyph[ord(character)] = opentype.getGlyphID(glyph)
            font.face.charWidths[ord(character)] = opentype["hmtx"][glyph][0] * per_mille


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return how wide ``text`` is, in points."""
    return float(pdfmetrics.stringWidth(text, typeface(bold=bold), size))


def value(text: str, absent: str = "None") -> str:
    """Return what a bill holds as it is drawn: known values in words, long ones cut, unknown characters as boxes."""
    shown = wording.name(text, absent)
    if text == ABSENT or text == "":
        return shown
    drawn = drawable(shown)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    # A long name that was cut has its digest already.
    return drawn if BOX not in drawn or digest in drawn else f"{drawn} ({digest})"


def drawable(text: str) -> str:
    """Return ``text`` with a box for each character that the typeface lacks or that is a control."""
    known = pdfmetrics.getFont(typeface()).face.charToGlyph
    normal = unicodedata.normalize("NFC", wording.printable(text))
    return "".join(each if ord(each) in known else BOX for each in normal)


def fitted(text: str, size: float, width: float, *, bold: bool = False, most: int = 2) -> list[str]:
    """Return ``text`` in at most ``most`` lines no wider than ``width``, broken at blanks; an ellipsis where cut."""
    lines: list[str] = []
    rest = text
    while width_of(rest, size, bold=bold) > width:
        is_last = len(lines) == most - 1
        room = width - (width_of(ELLIPSIS, size, bold=bold) if is_last else 0)
        cut = _longest(rest, size, room, bold=bold)
        if is_last:
            return [*lines, rest[:cut].rstrip() + ELLIPSIS]
        blank = rest.rfind(" ", 1, cut + 1)
        cut = blank if blank > 0 else cut
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*lines, rest]


def _longest(text: str, size: float, width: float, *, bold: bool) -> int:
    """Return how many of the first characters fit; at least one, so that every text comes to an end."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width_of(text[:middle], size, bold=bold) <= width:
            low = middle
        else:
            high = middle - 1
    return low
