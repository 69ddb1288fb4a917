"""The gate's result as one self-contained page that a person opens.

Great Expectations' own Data Docs load fonts and scripts from elsewhere, so offline they do not render; this page
fetches nothing and runs no script.
"""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from finops.core.atomic import replacing
from finops.quality.models import Given, Severity, TableResult
from finops.stores.candidate import Verdict


def write(path: Path, verdict: Verdict, given: Given, results: list[TableResult]) -> None:
    """Write the page to ``path``, whole or not at all."""
    environment = Environment(
        loader=PackageLoader("finops.quality"), autoescape=True, undefined=StrictUndefined, trim_blocks=False
    )
    outcomes = [outcome for result in results for outcome in result.outcomes]
    broken = [outcome for outcome in outcomes if not outcome.is_met]
    html = environment.get_template("gate.html.j2").render(
        verdict=verdict,
        results=results,
        outcomes=outcomes,
        broken=[outcome for outcome in broken if outcome.severity is Severity.BLOCKS],
        warned=[outcome for outcome in broken if outcome.severity is Severity.WARNS],
        landed=given.landed,
        scope=_scope(given),
        judged_at=f"{given.now.astimezone(UTC):%Y-%m-%d %H:%M}",
    )
    with replacing(path) as temporary:
        temporary.write_text(html, encoding="utf-8")


def _scope(given: Given) -> str:
    """Say the scope in words: each provider and its months."""
    months: dict[str, list[str]] = {}
    for provider, period in sorted(given.pairs):
        months.setdefault(provider, []).append(period)
    return "; ".join(
        f"{provider} {found[0]} to {found[-1]}" if len(found) > 1 else f"{provider} {found[0]}"
        for provider, found in months.items()
    )
