"""``python -m finops_airflow.doctor [--actions]``: as ``finops doctor``, with the credentials of Connections."""

from __future__ import annotations

import sys

from finops.core.settings import Settings
from finops.pipelines.doctor import Connections, State, run
from finops_airflow.clients import channel_client_for, client_for, login_for, telemetry_client_for


def main() -> int:
    """Print a line for each thing that was tried; return 1 when anything is missing, else 0."""
    faults = 0
    given = Connections(client_for, telemetry_client_for, channel_client_for, login_for)
    for each in run(Settings(), given, tries_actions="--actions" in sys.argv[1:]):
        faults += each.state is State.FAULT
        sys.stdout.write(f"{each.state:<9}  {each.area} {each.name}  {each.text}".rstrip() + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
