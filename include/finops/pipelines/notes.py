"""What a run has made, or why it made nothing, in a few lines with links: the notes that DAGs leave on their runs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from finops.core.errors import NotReady
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings


def of_build(settings: Settings, build_id: str) -> str:
    """Say what the gate found in a build. Markdown, one paragraph."""
    from finops.stores.candidate import load_verdict

    try:
        verdict = load_verdict(settings, build_id)
    except NotReady:
        return f"Build {build_id} was not checked."
    why = _link(settings, settings.quality_dir / build_id / "index.html", "What the gate found")
    if not verdict.passed:
        more = f" (and {len(verdict.failures) - 1} more)" if len(verdict.failures) > 1 else ""
        return f"Build {build_id} was refused: {_short(verdict.failures[0])}{more}. {why}"
    warnings = len(verdict.warnings)
    held = ", ".join(f"{each.provider} {each.billing_period}" for each in verdict.refused)
    out = f"; held back: {held}" if held else ""
    return f"Build {build_id} passed the gate with {warnings} warning{'' if warnings == 1 else 's'}{out}. {why}"


def of_publication(settings: Settings, build_id: str, months: Iterable[str]) -> str:
    """Say which months of which build readers see since. Markdown, one paragraph."""
    from finops.stores import dictionary

    page = settings.published_dir / "current" / dictionary.PAGE
    return f"Published {', '.join(sorted(months))} of build {build_id}. {_link(settings, page, 'Data dictionary')}"


def of_statements(settings: Settings, periods: Iterable[BillingPeriod]) -> str:
    """Say which statements readers have since. Markdown, a paragraph for each month."""
    from finops.stores.statements import open_statements

    lines = []
    for period in periods:
        found = open_statements(settings, period)
        page = _link(settings, settings.statements_dir / f"billing_period={period}" / "index.html", "Open them")
        lines.append(f"Statements of {period}: {found.status}, of build {found.build_id}. {page}")
    return "\n\n".join([*lines, _link(settings, settings.statements_dir / "index.html", "All months")])


def of_review(settings: Settings, week: str) -> str:
    """Say what matters in the review of a week (its Monday). Markdown, a paragraph for each sentence."""
    folder = settings.reviews_dir / f"week={week}"
    found = json.loads((folder / "review.json").read_text(encoding="utf-8"))
    says = [_short(each) for each in found["matters"]]
    return "\n\n".join([f"Review of the week of {week}.", *says, _link(settings, folder / "index.html", "Open it")])


def _link(settings: Settings, page: Path, label: str) -> str:
    """Return a link where the pages are served, and else where the page lies."""
    if settings.site_url is None:
        return f"{label}: `{page}`"
    return f"[{label}]({settings.site_url.rstrip('/')}/{page.relative_to(settings.root).as_posix()})"


def _short(text: str) -> str:
    return text if len(text) <= 300 else text[:299] + "…"
