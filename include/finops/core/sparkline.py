"""A series as a line of text, for messages that show no picture."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[Decimal | float]) -> str:
    """Return a bar for each value, the lowest for the smallest and the highest for the largest of them."""
    if not values:
        return ""
    numbers = [float(each) for each in values]
    low, span = min(numbers), max(numbers) - min(numbers)
    if span == 0:
        return _BARS[0] * len(numbers)
    return "".join(_BARS[round((each - low) / span * (len(_BARS) - 1))] for each in numbers)
