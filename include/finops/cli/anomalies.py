"""``finops anomalies``: how odd each point of any series was when it came."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from finops.cli import app
from finops.cli.terminal import AsJson
from finops.core.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

    from finops.timeseries.panel import Panel

COLUMNS = ["unique_id", "ds", "score", "is_anomaly", "expected", "lo", "hi", "kind"]


@app.command()
def anomalies(
    series: Annotated[Path, typer.Option(metavar="F.csv", help="Series with the columns unique_id, ds and y.")],
    out: Annotated[Path, typer.Option(metavar="F.csv", help="Write score, is_anomaly and expected here.")],
    freq: Annotated[str, typer.Option(metavar="D|h", help="Days or hours; finer data keep their own step.")] = "D",
    as_json: AsJson = False,
) -> None:
    """Score the points of any series: each against what the points before it let expect."""
    from finops.timeseries.detection import detect
    from finops.timeseries.panel import clean, read_csv

    if freq not in ("D", "h"):
        raise BadInput(f"--freq {freq!r} is not known; use D for days or h for hours")
    panel = clean(read_csv(series), cast("Literal['D', 'h']", freq))
    found = detect(panel)
    _write(found, out)
    figures = _figures(panel, found)
    if as_json:
        typer.echo(json.dumps({**figures, "out": str(out)}, indent=2))
        return
    kinds = ", ".join(f"{count} {kind}" for kind, count in figures["alerts_by_kind"].items())
    typer.echo(f"{figures['series']:,} series, {figures['points']:,} points: {figures['alerts']:,} alerts ({kinds})")
    for note in figures["notes"]:
        typer.echo(f"Note: {note}")
    for reason, count in Counter(each["reason"] for each in figures["skipped"]).items():
        typer.echo(f"Skipped {count:,} series: {reason}")
    typer.echo(f"They are in {out}")


def _write(found: pd.DataFrame, out: Path) -> None:
    from finops.core.atomic import replacing

    with replacing(out) as temporary:
        found[COLUMNS].to_csv(temporary, index=False)


def _figures(panel: Panel, found: pd.DataFrame) -> dict[str, Any]:
    alerts = found.loc[found["is_anomaly"], "kind"]
    return {
        "series": int(found["unique_id"].nunique()),
        "points": len(found),
        "alerts": len(alerts),
        "alerts_by_kind": {str(kind): int(count) for kind, count in alerts.value_counts().items()},
        "notes": list(panel.notes),
        "skipped": [{"unique_id": each.unique_id, "reason": each.reason} for each in panel.skipped],
    }
