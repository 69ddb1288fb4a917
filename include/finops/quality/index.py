"""``quality/index.html``: the builds that the gate has checked, made from the verdicts that are kept."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finops.core.atomic import write_whole
from finops.core.settings import Settings
from finops.pages import html
from finops.stores import dictionary

logger = logging.getLogger(__name__)

INDEX = "index.html"
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class _Checked:
    """A build and what the gate said of it. ``refused`` are the provider's months that were held back."""

    build_id: str
    checked_at: str
    passed: bool
    refused: tuple[str, ...]
    failures: tuple[str, ...]
    warnings: tuple[str, ...]


def write(settings: Settings) -> None:
    """Write the index, the newest build first, whole or not at all. A verdict that is damaged is left out."""
    found = filter(None, map(_read, settings.quality_dir.glob("*/gate.json")))
    builds = sorted(found, key=lambda each: each.build_id, reverse=True)
    environment = html.environment(_TEMPLATES)
    text = html.render(environment, "builds.html.j2", builds=builds, links=_links(settings))
    write_whole(settings.quality_dir / INDEX, text)


def _read(path: Path) -> _Checked | None:
    try:
        return _checked(path, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        logger.warning("%s is damaged; the index of builds leaves it out", path)
        return None


def _checked(path: Path, found: dict[str, Any]) -> _Checked:
    refused = found.get("refused", ())
    return _Checked(
        path.parent.name,
        f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d %H:%M}",
        found["passed"],
        tuple(f"{each['provider']} {each['billing_period']}" for each in refused),
        (*found["failures"], *(failure for each in refused for failure in each["failures"])),
        tuple(found["warnings"]),
    )


def _links(settings: Settings) -> list[tuple[str, str]]:
    """Return the platform's other pages, where they are there."""
    wanted = {
        "Chargeback statements": settings.statements_dir / INDEX,
        "Data dictionary": settings.published_dir / "current" / dictionary.PAGE,
    }
    return [(f"../{path.relative_to(settings.root)}", label) for label, path in wanted.items() if path.exists()]
