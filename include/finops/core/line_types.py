"""Native line types that the platform knows to be adjustments."""

from __future__ import annotations

KNOWN_ADJUSTMENTS = (
    "Refund",
    "SavingsPlanNegation",
    "RoundingAdjustment",
    "adjustment",
    "rounding_error",
)
"""Native line types that are adjustments by what they are; any other adjustment is a type nobody has mapped."""
