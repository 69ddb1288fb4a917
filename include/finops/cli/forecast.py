"""``finops forecast``: what is to come, with bounds, of any series."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, progress_bar
from finops.core.errors import BadInput
from finops.core.periods import a_day

if TYPE_CHECKING:
    from finops.timeseries.forecasting import Forecast

_REASONS_SHOWN = 5
"""Skipped series that are named; ``--json`` has them all."""


@app.command()
def forecast(
    run_date: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="First day to forecast; else the day after the newest usage."),
    ] = None,
    series: Annotated[
        Path | None, typer.Option("--series", help="Instead, any CSV file with the columns unique_id, ds (UTC) and y.")
    ] = None,
    horizon: Annotated[
        int | None, typer.Option("--horizon", min=1, help="With --series: steps after each series' last value.")
    ] = None,
    freq: Annotated[
        str | None, typer.Option("--freq", metavar="D|h", help="With --series: days (D) or hours (h).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="With --series: the CSV file to write: unique_id,ds,mean and bounds.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Forecast what is published, or any series, with bounds that hold 80 and 95 % of what comes.

    Exit status: 0 done, also where series were skipped, which is said; 1 where the gate refuses the forecasts; 2 for
    input that cannot be used.
    """
    given = {"--horizon": horizon, "--freq": freq, "--out": out}
    if series is None:
        if named := [name for name, value in given.items() if value is not None]:
            raise BadInput(f"{named[0]} is for --series; name the file of the series, too")
        _published(run_date, as_json)
        return
    if run_date is not None:
        raise BadInput("--run-date is for what is published; leave it out with --series")
    if horizon is None or freq is None or out is None:
        missing = next(name for name, value in given.items() if value is None)
        raise BadInput(f"--series needs {missing}, too")
    _any_series(series, horizon, freq, out, as_json)


def _published(run_date: str | None, as_json: bool) -> None:
    from finops.core.settings import Settings
    from finops.forecasting.service import summary
    from finops.pipelines import forecasts

    settings = Settings()
    with progress_bar() as progress:
        day = None if run_date is None else a_day(run_date, "--run-date")
        done = forecasts.run(settings, day, progress)
        forecasts.run_requests(settings, day)
    found = summary(settings, done.run_date)
    if as_json:
        told = {"build_id": done.build_id, "page": str(done.page)}
        typer.echo(json.dumps({**found, **told}, indent=2))
        return
    typer.echo(f"Forecast from {found['run_date']} on:")
    for each in found["totals"]:
        money = f"{each['mean']} {each['billing_currency']}, 80 % sure between {each['lo_80']} and {each['hi_80']}"
        typer.echo(f"- {each['period']}: {money}")
    typer.echo(f"The page is at {done.page}")


def _any_series(series: Path, horizon: int, freq: str, out: Path, as_json: bool) -> None:
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
