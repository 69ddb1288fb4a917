"""Where the pages for people lie, so that each can lead to the others."""

from __future__ import annotations

from finops.core.settings import Settings

PAGES = {
    "Chargeback statements": "statements/index.html",
    "Weekly reviews": "reviews/index.html",
    "Budgets": "budgets/index.html",
    "Savings": "rightsizing/index.html",
    "Incidents": "incidents/index.html",
    "Forecasts": "forecasts/index.html",
    "Builds and data quality": "quality/index.html",
    "Data dictionary": "published/current/dictionary.html",
}
"""The address of each below FINOPS_HOME, and below FINOPS_SITE_URL."""


def links(settings: Settings, but: str) -> list[tuple[str, str]]:
    """Return address and label of the pages that are there, ``but`` one, for an index one folder below the home."""
    return [(f"../{page}", label) for label, page in PAGES.items() if label != but and (settings.root / page).exists()]
