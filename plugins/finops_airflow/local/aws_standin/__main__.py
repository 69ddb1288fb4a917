"""Run the stand-in until it is told to end."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Thread
from typing import Annotated

import typer

from finops.core.atomic import write_whole
from finops_airflow.local.aws_standin import HOST


def main(
    port: Annotated[int, typer.Option(help="Port on loopback; 0 takes a free one.")] = 0,
    inventory: Annotated[Path | None, typer.Option(help="Resources to begin with, CSV or JSON.")] = None,
    ready: Annotated[Path | None, typer.Option(help="File to write the address to once it serves.")] = None,
) -> None:
    """Serve AWS on loopback."""
    # Hundreds of images and snapshots that nobody has asked for, in every account and region.
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    from werkzeug.serving import make_server

    from finops_airflow.local.aws_standin.app import Application, QuietHandler
    from finops_airflow.local.aws_standin.seed import rows_of

    application = Application()
    server = make_server(HOST, port, application, threaded=True, request_handler=QuietHandler)
    application.url = f"http://{HOST}:{server.port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    if inventory is not None:
        application.seed(rows_of(inventory))
    if ready is not None:
        write_whole(ready, json.dumps({"url": application.url}))
    typer.echo(f"AWS: {application.url}")
    thread.join()


if __name__ == "__main__":
    typer.run(main)
