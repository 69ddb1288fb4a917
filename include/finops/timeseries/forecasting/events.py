"""Events that are known: factors on the expected level, taken out of history and put on the forecast."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from finops.core.errors import BadInput
from finops.timeseries.forecasting.grid import Block, Floats


@dataclass(frozen=True, slots=True)
class Known:
    """Factors by moment: of all series, and of single ones. Several factors of one moment multiply."""

    of_all: pd.Series
    of_one: dict[str, pd.Series]

    def factors(self, block: Block, moments: npt.NDArray[np.datetime64]) -> Floats:
        """Return the factors of a block's series at moments ``[series, time]``; 1 where nothing is known."""
        found = np.ones(moments.shape)
        if not self.of_all.empty:
            found *= _at(self.of_all, moments)
        for row, name in enumerate(block.names):
            if name in self.of_one:
                found[row] *= _at(self.of_one[name], moments[row])
        return found

    def taken_out(self, block: Block) -> Block:
        """Return a block as if no event had been."""
        if self.of_all.empty and not self.of_one:
            return block
        length = block.given.shape[1]
        factors = self.factors(
            block, block.window.before(0).ends[:, None] - block.window.step * np.arange(length)[::-1]
        )
        window = replace(block.window, values=block.window.values / factors)
        return Block(block.names, block.given / factors, window)


def known_of(events: pd.DataFrame | None) -> Known:
    """Read events: ``ds``, ``factor`` and, where not for all series, ``unique_id``. Raise BadInput for bad ones."""
    none = pd.Series(dtype=float)
    if events is None or events.empty:
        return Known(none, {})
    missing = [name for name in ("ds", "factor") if name not in events.columns]
    if missing:
        raise BadInput(f"the events have no column {', '.join(missing)}; the columns are ds, factor and unique_id")
    factor = pd.to_numeric(events["factor"], errors="coerce").astype(float)
    if (is_bad := ~((factor > 0) & np.isfinite(factor))).any():
        value = events.loc[is_bad, "factor"].iloc[0]
        raise BadInput(f"an event's factor {value!r} is not possible; a factor is above 0, and 1 changes nothing")
    moments = pd.to_datetime(events["ds"], utc=True).dt.tz_localize(None).astype("datetime64[us]")
    names = events["unique_id"] if "unique_id" in events.columns else pd.Series(None, index=events.index, dtype=object)
    rows = pd.DataFrame({"name": names.to_numpy(), "ds": moments.to_numpy(), "factor": factor.to_numpy()})
    everywhere = rows["name"].isna()
    of_one = {str(name): _series(part) for name, part in rows[~everywhere].groupby("name")}
    return Known(_series(rows[everywhere]), of_one)


def _series(rows: pd.DataFrame) -> pd.Series:
    return rows.groupby("ds")["factor"].prod()


def _at(factors: pd.Series, moments: npt.NDArray[np.datetime64]) -> Floats:
    found = factors.reindex(pd.DatetimeIndex(moments.ravel())).to_numpy(dtype=float)
    return np.asarray(np.nan_to_num(found, nan=1.0).reshape(moments.shape))
