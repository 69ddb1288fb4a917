"""Pages as self-contained HTML: no script, nothing fetched, and whatever a bill holds is shown as text."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import Element

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.core.money import digits_of, rounded
from finops.pages import charts, charts_band, charts_columns, charts_week, drawing, wording
from finops.pages.figures import DailyCosts, Headline, Note, Page, Table

_TEMPLATES = Path(__file__).parent / "templates"
_MACROS = {Headline: "headline", Table: "table_card", DailyCosts: "daily_costs", Note: "note"}


def page(content: Page) -> str:
    """Return a page of blocks."""
    blocks = [(_MACROS[type(block)], block) for block in content.blocks]
    return render(environment(), "page.html.j2", page=content, blocks=blocks)


def render(environment: Environment, template: str, **values: object) -> str:
    """Return a page whose template extends ``shell.html.j2``."""
    return environment.get_template(template).render(**values, **_style())


@cache
def environment(*folders: Path) -> Environment:
    """Return what renders the templates of a feature's folders: it knows the kit's templates, filters and charts.

    It is one per process, so that a template is compiled once, not for every page.
    """
    made = Environment(
        loader=FileSystemLoader([*folders, _TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = ("money", "signed_money", "share", "signed_percent", "name", "month", "day", "rate", "printable", "short")
    made.filters |= {each: getattr(wording, each) for each in (*words, "cell")}
    made.filters["exact_money"] = lambda amount, currency: wording.money(
        rounded(amount, digits_of(currency)), digits_of(currency)
    )
    drawings: tuple[Callable[..., Element], ...] = (charts.daily_chart, charts.line_chart, charts.trend_chart)
    drawings += (charts.share_strip, charts.share_bar, charts.change_bar, charts_band.band_chart)
    drawings += (charts_columns.columns_chart, charts_week.week_chart)
    made.globals |= {each.__name__: _drawing(each) for each in drawings}
    made.globals |= {"UNALLOCATED": UNALLOCATED, "ABSENT": ABSENT, "digits_of": digits_of}
    made.globals |= {"series_of": charts.series_of, "outside": charts.outside}
    return made


def _drawing(draw: Callable[..., Element]) -> Callable[..., Markup]:
    return lambda *figures, **options: Markup(drawing.markup(draw(*figures, **options)))


@cache
def _style() -> dict[str, str]:
    """Return the style sheet and the digest by which the content security policy lets it, and no other, apply."""
    text = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return {"style": Markup(text), "style_digest": digest}
