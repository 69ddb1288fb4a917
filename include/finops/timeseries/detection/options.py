"""What a caller may set of the detector; the defaults are the one configuration that every figure is given for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Options:
    """``alarm``: the tail probability below which a day's point is an alert.

    Of finer data it is divided by the points of a day: as many false alarms a month whatever the step.

    ``groups``: unique_id → the name of its group. What moves all siblings of a group together (a price change, a
    holiday) is taken out of each before it is judged; a series without a group is judged alone.

    ``warm_up``: finite points of a series before its first alert; None: two weeks of days, a day of finer data.
    """

    alarm: float = 2e-4
    groups: Mapping[str, str] = field(default_factory=dict)
    warm_up: int | None = None
