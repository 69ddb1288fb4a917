"""``make up``: Airflow with its UI on this machine, until Ctrl-C."""

from __future__ import annotations

import time

import typer

from finops.core.errors import FinopsError
from finops.core.settings import Settings
from finops_airflow.local.headless import COMPONENTS, USER, running

PORT = 8080


def main(port: int = typer.Option(PORT, help="Port of the UI, on loopback.")) -> None:
    """Run api-server, scheduler, dag-processor and triggerer, and say where the UI is."""
    typer.echo("Airflow is starting …")
    try:
        components = (*COMPONENTS, "triggerer")
        # Here nobody waits for a retry: a cloud that did not answer gets Airflow's usual five minutes. Somebody may be
        # at work on a DAG.
        options = {"CORE__DEFAULT_TASK_RETRY_DELAY": 300, "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": 10}
        with running(Settings(), port=port, components=components, options=options) as airflow:
            typer.echo(f"Airflow: {airflow.url}   user {USER}   password {airflow.password}")
            typer.echo(f"Logs:    {airflow.home / 'logs'}\nStop it with Ctrl-C.")
            while True:
                airflow.check()
                time.sleep(1)
    except KeyboardInterrupt:
        typer.echo("\nstopped")
    except FinopsError as error:
        typer.echo(f"finops: {error}", err=True)
        raise typer.Exit(error.exit_status) from None


if __name__ == "__main__":
    typer.run(main)
