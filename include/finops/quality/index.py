"""``quality/index.html``: the builds that the gate has checked, made from the verdicts that are kept."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from finops.core.atomic import write_whole
from finops.core.errors import FinopsError
from finops.core.settings import Settings
from finops.pages import html, site
from finops.stores.candidate import Verdict, load_verdict

logger = logging.getLogger(__name__)

INDEX = "index.html"
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class _Checked:
    """What the gate said of a build, and when."""

    verdict: Verdict
    checked_at: str


def write(settings: Settings) -> None:
    """Write the index, the newest build first, whole or not at all. A verdict that is damaged is left out."""
    builds = [_read(settings, path) for path in sorted(settings.quality_dir.glob("*/gate.json"), reverse=True)]
    values = {"builds": [each for each in builds if each], "links": site.links(settings, "Builds and data quality")}
    text = html.render(html.environment(_TEMPLATES), "builds.html.j2", **values)
    write_whole(settings.quality_dir / INDEX, text)


def _read(settings: Settings, path: Path) -> _Checked | None:
    try:
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return _Checked(load_verdict(settings, path.parent.name), f"{at:%Y-%m-%d %H:%M}")
    except (FinopsError, OSError, ValueError, TypeError, KeyError):
        logger.warning("%s is damaged; the index of builds leaves it out", path)
        return None
