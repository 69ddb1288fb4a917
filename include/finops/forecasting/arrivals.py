"""Arrival curves: what share of a day's final cost a bill has that was written k days later.

They are learned from past loads: each one says what was known of each day when the provider wrote it. A day is settled
once it is ``SETTLED`` days old; what its last load says is final. Where few loads are known, most of the curve is the
documented default of the provider, which is wide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SETTLED = 5
"""Age in days from which a day's cost counts as final. Azure says 72 hours; AWS and Google change little after two."""

_LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 1.0)
_DEFAULTS: dict[str, dict[int, tuple[float, ...]]] = {
    # Share of the final cost seen at quantiles 0, 5, 25, 50, 75 and 100 %, by age in days. AWS writes up to three
    # times a day and is nearly whole after one; Azure lags 8 to 24 hours; Google's export comes by the hour, late for
    # some services.
    "aws": {
        0: (0.01, 0.05, 0.20, 0.45, 0.70, 1.00),
        1: (0.01, 0.30, 0.85, 0.97, 1.00, 1.00),
        2: (0.05, 0.90, 0.98, 1.00, 1.00, 1.00),
        3: (0.50, 0.97, 1.00, 1.00, 1.00, 1.00),
    },
    "azure": {
        0: (0.01, 0.02, 0.10, 0.30, 0.60, 1.00),
        1: (0.01, 0.15, 0.60, 0.88, 0.98, 1.00),
        2: (0.05, 0.75, 0.95, 0.99, 1.00, 1.00),
        3: (0.50, 0.95, 0.99, 1.00, 1.00, 1.00),
    },
    "gcp": {
        0: (0.01, 0.03, 0.15, 0.35, 0.65, 1.00),
        1: (0.01, 0.20, 0.75, 0.93, 0.99, 1.00),
        2: (0.05, 0.85, 0.97, 0.99, 1.00, 1.00),
        3: (0.50, 0.96, 0.99, 1.00, 1.00, 1.00),
    },
}
_POINTS = 101
_TRUST = 20
"""As many observations as this weigh as much as the default curve."""
_LEAST = 30
"""Observations below which a service's own curve is not told from its provider's."""


@dataclass(frozen=True, slots=True)
class Curves:
    """Observed shares by (provider, service, age); those of whole providers have the service ``""``."""

    observed: dict[tuple[str, str, int], np.ndarray] = field(default_factory=dict)

    def count(self, provider: str, service: str, age: int) -> int:
        """Return how many observations there are of a service, or of its provider where the service has too few."""
        return len(self._found(provider, service, age))

    def shares(self, provider: str, service: str, age: int) -> tuple[np.ndarray, np.ndarray]:
        """Return shares of the final cost that may have arrived at an age, and the probability of each."""
        import numpy as np

        found = self._found(provider, service, age)
        default = _default(provider, age)
        if age >= SETTLED:
            return np.ones(1), np.ones(1)
        trust = len(found) / (len(found) + _TRUST)
        weights = [np.full(len(default), (1 - trust) / len(default))]
        if len(found):
            weights.append(np.full(len(found), trust / len(found)))
        return np.concatenate([default, found]), np.concatenate(weights)

    def _found(self, provider: str, service: str, age: int) -> np.ndarray:
        import numpy as np

        own = self.observed.get((provider, service, age), np.empty(0))
        return own if len(own) >= _LEAST else self.observed.get((provider, "", age), np.empty(0))


def _default(provider: str, age: int) -> np.ndarray:
    import numpy as np

    of_provider = _DEFAULTS.get(provider, _DEFAULTS["azure"])
    quantiles = of_provider.get(max(age, 0), (0.80, 1.0, 1.0, 1.0, 1.0, 1.0))
    return np.interp(np.linspace(0, 1, _POINTS), _LEVELS, quantiles)


def learn(loads: pd.DataFrame) -> Curves:
    """Return the curves that past loads show.

    ``loads``: provider, billing_currency, service_name, charge_date, as_of (the day the load was written, UTC), amount;
    one row per service and day of each load. Days that no load has settled teach nothing.
    """
    if loads.empty:
        return Curves()
    whole = loads.assign(service_name="")
    observed = {}
    for frame in (whole, loads):
        grain = ["provider", "billing_currency", "service_name", "charge_date"]
        summed = frame.groupby([*grain, "as_of"], as_index=False)["amount"].sum()
        summed["age"] = (summed["as_of"] - summed["charge_date"]).dt.days
        settled = summed[summed["age"] >= SETTLED].sort_values("as_of")
        final = settled.groupby(grain)["amount"].last().rename("final")
        young = summed[(summed["age"] >= 0) & (summed["age"] < SETTLED)].join(final, on=grain, how="inner")
        young = young[young["final"] > 0]
        share = (young["amount"] / young["final"]).clip(0.0, 2.0)
        for key, part in share.groupby([young["provider"], young["service_name"], young["age"]]):
            observed[key] = part.to_numpy()
    return Curves(observed)
