"""``finops forecast``: what is to come, with bounds, of any series."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, progress_bar
from finops.core.errors import BadInput

if TYPE_CHECKING:
    from finops.timeseries.forecasting import Forecast

_REASONS_SHOWN = 5
"""Skipped series that are named; ``--json`` has them all."""


@app.command()
def forecast(
    series: Annotated[Path, typer.Option("--series", help="A CSV file with the columns unique_id, ds (UTC) and y.")],
    horizon: Annotated[int, typer.Option("--horizon", min=1, help="Steps to forecast after each series' last value.")],
    freq: Annotated[str, typer.Option("--freq", metavar="D|h", help="Days (D) or hours (h).")],
    out: Annotated[Path, typer.Option("--out", help="The CSV file to write: unique_id,ds,mean and bounds.")],
    as_json: AsJson = False,
) -> None:
    """Forecast series, with bounds that hold 80 and 95 % of what comes.

    Exit status: 0 done, also where series were skipped, which is said; 2 for input that cannot be used.
    """
    from finops.core.atomic import replacing
    from finops.timeseries import panel as panels
    from finops.timeseries.forecasting import Options
    from finops.timeseries.forecasting import forecast as forecast_panel

    if freq not in ("D", "h"):
        raise BadInput(f"--freq {freq!r} is not known; use D for days or h for hours")
    panel = panels.clean(panels.read_csv(series), "D" if freq == "D" else "h")
    with progress_bar() as progress:
        found = forecast_panel(panel, horizon, options=Options(progress=progress))
    with replacing(out) as temporary:
        found.frame.to_csv(temporary, index=False, float_format="%.12g")
    typer.echo(json.dumps(_as_json(found, out), indent=2) if as_json else "\n".join(_as_text(found, horizon, out)))


def _as_json(found: Forecast, out: Path) -> dict[str, Any]:
    return {
        "out": str(out),
        "series": int(found.frame["unique_id"].nunique()),
        "rows": len(found.frame),
        "skipped": [{"unique_id": each.unique_id, "reason": each.reason} for each in found.skipped],
        "notes": list(found.notes),
    }


def _as_text(found: Forecast, horizon: int, out: Path) -> list[str]:
    count = found.frame["unique_id"].nunique()
    lines = [f"{count:,} series, {horizon:,} steps each, in {out}; {len(found.skipped):,} skipped"]
    lines += [f"note: {each}" for each in found.notes]
    lines += [f"skipped {each.unique_id}: {each.reason}" for each in found.skipped[:_REASONS_SHOWN]]
    if (rest := len(found.skipped) - _REASONS_SHOWN) > 0:
        lines.append(f"skipped {rest:,} more (--json lists them)")
    return lines
