"""A process that ingests, fails at its n-th step of I/O for every n, and tells what is left each time.

Run as ``python -m tests.unit.ingest.killed_runs FOLDER kill|fail`` in the project folder. It forks a child for each
step, since only the end of a process shows what a killed one leaves: no clean-up runs. Prints one JSON object: the
states after each step and after the run that follows it, beside those of an undisturbed run.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event
from tests.unit.ingest.native_bills import age, aws_export, gz_bytes, rows

from finops.core.errors import FinopsError
from finops.core.formats import SourceFormat
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.stores.state import ledger
from finops.stores.state.store import open_state

FIRED = 9


def deliver(origin: Path, period: str, costs: list[str], day: str) -> None:
    half = len(costs) // 2
    parts = {f"bill-{i}.csv.gz": part for i, part in enumerate((costs[:half], costs[half:]))}
    content = {name: gz_bytes(rows(SourceFormat.AWS_CUR2, part, period)) for name, part in parts.items()}
    age(aws_export(origin, period, content), day)


def run(home: Path, origin: Path) -> None:
    ingest(Settings(home=home), Provider.AWS, str(origin))


def state(home: Path) -> dict[str, Any]:
    """What readers rely on: each current delivery, its totals, and whether its files lie there whole."""
    settings = Settings(home=home)
    with open_state(settings).begin() as connection:
        found = ledger.current(connection)
    return {
        str(each.billing_period): {
            "id": each.delivery_id,
            "totals": [[t.billing_currency, t.row_count, str(t.source_cost)] for t in each.totals],
            "is_whole": all(
                (settings.landing_dir / each.relative_path / f.local_name).stat().st_size == f.byte_count
                for f in each.files
            ),
        }
        for each in found
    }


def arm(home: Path, step: int, fire: Callable[[], None]) -> None:
    """Let ``fire`` happen in place of the ``step``-th call that writes."""
    left = [step]

    def count(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            fire()

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            count()
            return function(*args, **kwargs)

        return wrapped

    def count_writes(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.lower().startswith("select"):
            count()

    engine = open_state(Settings(home=home))
    event.listen(engine, "before_cursor_execute", count_writes)
    event.listen(engine, "commit", count)
    for module, name in ((os, "fsync"), (os, "rename"), (os, "mkdir"), (shutil, "copyfile"), (shutil, "rmtree")):
        setattr(module, name, counted(getattr(module, name)))


def forked(work: Callable[[], object]) -> int:
    """Do the work in a child and return how it ended."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fail_at(home: Path, origin: Path, step: int, *, is_kill: bool) -> None:
    fired = []

    def fire() -> None:
        if is_kill:
            os._exit(FIRED)
        fired.append(True)
        raise OSError(errno.EIO, os.strerror(errno.EIO), "disk")

    arm(home, step, fire)
    try:
        run(home, origin)
    except FinopsError:
        os._exit(FIRED)
    if fired:
        os._exit(FIRED)


def main(folder: Path, mode: str) -> dict[str, Any]:
    origin, template, clean = folder / "origin", folder / "template", folder / "clean"
    deliver(origin, "2025-01", ["1", "2"], "2025-02-01")
    forked(lambda: run(template, origin))
    before = state(template)
    deliver(origin, "2025-01", ["1", "5", "7"], "2025-02-02")
    shutil.copytree(template, clean)
    forked(lambda: run(clean, origin))
    steps = []
    for step in range(1, 500):
        home = folder / f"home-{step}"
        shutil.copytree(template, home)
        status = forked(lambda home=home, step=step: fail_at(home, origin, step, is_kill=mode == "kill"))  # type: ignore[misc]
        left = state(home)
        again = forked(lambda home=home: run(home, origin))  # type: ignore[misc]
        steps.append({"status": status, "left": left, "again": again, "then": state(home)})
        if status == 0:
            break
    return {"before": before, "clean": state(clean), "steps": steps}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))
