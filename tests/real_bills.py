"""Where the real bills lie that are kept beside a checkout, and how a person would ingest them."""

from __future__ import annotations

from pathlib import Path

from finops.core.formats import SourceFormat
from finops.core.providers import Provider

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

FILES: tuple[tuple[Provider, str, SourceFormat | None], ...] = (
    (Provider.AZURE, "azure/EA_ActualCost_Small.csv", SourceFormat.AZURE_ACTUAL),
    (Provider.AZURE, "azure/EA_AmortizedCost_Small.csv", SourceFormat.AZURE_AMORTIZED),
    (Provider.AWS, "aws/legacy_cur_anonymous.csv", None),
    (Provider.AWS, "focus/focus1.0_sample_1000.csv", None),
)
"""Provider, file below ``SHARED_DATA``, and the format where its columns do not tell."""
